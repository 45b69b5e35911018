#include "sim/report/svg_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

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

TimeUnit time_unit(Duration span) {
  constexpr std::array<TimeUnit, 3> units{{{"s", 9}, {"ms", 6}, {"µs", 3}}};
  constexpr std::array<std::int64_t, 3> lengths{1'000'000'000, 1'000'000, 1'000};
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (span.count() >= lengths[i]) return units[i];
  }
  return {"ns", 0};
}

std::string rounded_text(Duration time, TimeUnit unit) {
  std::int64_t step = 1;
  while (time.count() / step >= 10'000) step *= 10;
  const std::int64_t rounded = (time.count() / step + (time.count() % step * 2 >= step && step > 1)) * step;
  std::string text;
  append_to(text, Decimal{rounded, unit.digits});
  return text + " " + std::string(unit.name);
}

std::string value_text(std::int64_t value, std::string_view unit) {
  if (unit != "bytes") return fmt::format("{}{}{}", value, unit.empty() ? "" : " ", unit);
  constexpr std::array<std::string_view, 5> prefixes{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t prefix = 0;
  double scaled = static_cast<double>(value);
  while (scaled >= 1024 && prefix + 1 < prefixes.size()) {
    scaled /= 1024;
    ++prefix;
  }
  const int decimals = prefix == 0 || scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return fmt::format("{:.{}f} {}", scaled, decimals, prefixes[prefix]);
}

}  // namespace stagecraft
