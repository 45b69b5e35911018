#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"

namespace stagecraft {

/// A text that is no quantity. what() goes behind the name of what was read: "must not be negative",
/// `needs a unit, such as "50 GB/s"`.
class QuantityError : public std::invalid_argument {
 public:
  explicit QuantityError(const std::string& predicate, bool names_value = false, std::string hint_text = {})
      : std::invalid_argument(predicate), shows_value(names_value), hint(std::move(hint_text)) {}

  bool shows_value;  ///< the predicate already says enough of the text; do not add ", got '...'"
  std::string hint;  ///< the known units where the unit was unknown
};

/// Reads a decimal number and a unit, such as "900 GB/s", "1.5e3us", "80 GiB"; the blank may be missing.
/// Units are case-sensitive: MB is 10^6 B, Mb/s is 10^6 bit/s = 125000 B/s, MiB is 2^20 B. Independent of the
/// locale. Q is one of Duration (ns us ms s min h), Bytes (B kB MB GB TB KiB MiB GiB TiB), ByteRate (the same
/// per second, and b/s kb/s Mb/s Gb/s Tb/s), Flops (FLOP to ZFLOP), FlopRate (FLOP/s to EFLOP/s).
/// Duration and Bytes are rounded to the nearest integer, halves up, from the exact decimal value (digits
/// beyond the 25th are dropped); the others are the double nearest to the exact value.
/// Throws QuantityError: no unit, unknown unit, negative, not finite, too large.
template <class Q>
Q parse_quantity(std::string_view text);

/// Four significant digits in the unit that suits the size: "412.6 ms", "61.3 GiB", "900 GB/s". For people.
std::string to_text(Duration value);
std::string to_text(Bytes value);
std::string to_text(ByteRate value);
std::string to_text(Flops value);
std::string to_text(FlopRate value);

/// All digits: parse_quantity(exact_text(x)) == x for every finite x >= 0.
std::string exact_text(Duration value);
std::string exact_text(Bytes value);
std::string exact_text(ByteRate value);
std::string exact_text(Flops value);
std::string exact_text(FlopRate value);

/// What a kind of quantity is called and how it is written, for help, schema and errors.
struct QuantityKind {
  std::string_view name;     ///< with article: "a duration"
  std::string_view example;  ///< "5 ms"
  std::vector<std::string_view> units{};
};

template <class Q>
const QuantityKind& quantity_kind();

/// Regular expression (ECMA 262) of the texts that parse_quantity<Q> accepts.
std::string quantity_pattern(const QuantityKind& kind);

}  // namespace stagecraft
