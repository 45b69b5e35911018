#include "sim/report/text.h"

#include <charconv>

#include "base/json.h"

namespace stagecraft {

namespace {

void append_integer(std::string& to, std::uint64_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  to.append(digits, end);
}

constexpr std::uint64_t power_of_ten(int exponent) {
  std::uint64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/// The absolute value, also of the smallest integer.
std::uint64_t magnitude(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  return number < 0 ? 0 - bits : bits;
}

}  // namespace

void TextWriter::flush() {
  if (!buffer_.empty()) sink_.write(buffer_);
  buffer_.clear();
}

void TextWriter::put_integer(std::int64_t number) {
  if (number < 0) buffer_.push_back('-');
  append_integer(buffer_, magnitude(number));
}

void append_to(std::string& to, Decimal number) {
  const std::uint64_t scale = power_of_ten(number.digits);
  const std::uint64_t units = magnitude(number.units);
  if (number.units < 0) to.push_back('-');
  append_integer(to, units / scale);

  std::uint64_t fraction = units % scale;
  if (fraction == 0) return;
  char digits[20];
  int length = number.digits;
  for (int at = length - 1; at >= 0; --at, fraction /= 10)
    digits[at] = static_cast<char>('0' + fraction % 10);
  while (digits[length - 1] == '0') --length;
  to.push_back('.');
  to.append(digits, static_cast<std::size_t>(length));
}

void append_to(std::string& to, JsonText json) {
  append_json_text(to, json.text);
}

void append_to(std::string& to, XmlText xml) {
  for (const char letter : xml.text) {
    switch (letter) {
      case '&':
        to += "&amp;";
        break;
      case '<':
        to += "&lt;";
        break;
      case '>':
        to += "&gt;";
        break;
      case '"':
        to += "&quot;";
        break;
      default:
        to.push_back(static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter);
    }
  }
}

}  // namespace stagecraft
