#include "sim/report/svg_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/quantity.h"

namespace stagecraft {

namespace {

/// Advance width in em: Helvetica's and Arial's, rounded up by a tenth for wider substitutes.
double letter_width(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  if (byte >= 0x80) return byte < 0xC0 ? 0 : 0.7;  // a continuation byte of UTF-8; any other letter
  if (std::string_view("ijl.,:;'|!tfrI ()[]/-").find(letter) != std::string_view::npos) return 0.36;
  if (std::string_view("mwMW%@").find(letter) != std::string_view::npos) return 0.95;
  if (letter >= 'A' && letter <= 'Z') return 0.78;
  return 0.62;
}

bool starts_letter(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
}

}  // namespace

void append_to(std::string& to, Px length) {
  append_to(to, Decimal{std::llround(length.value * 100), 2});
}

double text_width(std::string_view text, double font_size) {
  double em = 0;
  for (const char letter : text) em += letter_width(letter);
  return em * font_size;
}

std::string fit_text(std::string_view text, double font_size, double width) {
  if (text_width(text, font_size) <= width) return std::string(text);
  const double room = width - text_width("…", font_size);
  std::size_t length = text.size();
  while (length > 0 &&
         (text_width(text.substr(0, length), font_size) > room || !starts_letter(text[length]))) {
    --length;
  }
  return std::string(text.substr(0, length)) + "…";
}

std::string with_commas(std::size_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

TimeUnit time_unit(Duration span) {
  constexpr std::array<TimeUnit, 3> units{{{"s", 9}, {"ms", 6}, {"µs", 3}}};
  constexpr std::array<std::int64_t, 3> lengths{1'000'000'000, 1'000'000, 1'000};
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (span.count() >= lengths[i]) return units[i];
  }
  return {"ns", 0};
}

std::string value_text(std::int64_t value, std::string_view unit) {
  if (unit == "bytes") return to_text(Bytes{value});
  return fmt::format("{}{}{}", value, unit.empty() ? "" : " ", unit);
}

}  // namespace stagecraft
