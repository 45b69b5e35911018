#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/units.h"
#include "sim/report/text.h"

namespace stagecraft {

/// A length in pixels, written with two decimals.
struct Px {
  double value;
};
void append_to(std::string& to, Px length);

/// How wide `text` is at most in pixels, in the sans-serif fonts that viewers use. Font files are not at
/// hand, so this is a table of letter classes with some reserve.
double text_width(std::string_view text, double font_size);

/// `text`, cut at its end with an ellipsis where it is wider than `width`.
std::string fit_text(std::string_view text, double font_size, double width);

/// A count in groups of three digits: 1,234,567.
std::string with_commas(std::size_t count);

/// The unit of a picture's times: chosen once, used throughout.
struct TimeUnit {
  std::string_view name;
  int digits;  ///< one unit is 10^digits ns
};

/// The largest of s, ms, us and ns that `span` has at least one of.
TimeUnit time_unit(Duration span);

/// `time` in `unit`, exact, without the unit's name.
inline Decimal in_unit(Duration time, TimeUnit unit) {
  return {time.count(), unit.digits};
}

/// A counter's value for a label: bytes with a binary prefix, else the number with its unit.
std::string value_text(std::int64_t value, std::string_view unit);

}  // namespace stagecraft
