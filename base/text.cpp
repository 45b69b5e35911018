#include "base/text.h"

#include <fmt/core.h>

#include <algorithm>

namespace stagecraft {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_continuation(std::string_view text, std::size_t at) {
  return at < text.size() && (byte_at(text, at) & 0xC0) == 0x80;
}

std::string escape(unsigned byte) {
  if (byte == '\t') return "\\t";
  if (byte == '\r') return "\\r";
  if (byte == '\n') return "\\n";
  return fmt::format("\\x{:02x}", byte);
}

// C1 controls (U+0080..U+009F) can drive a terminal as well as C0 can.
bool is_control(std::string_view text, std::size_t at, std::size_t length) {
  if (length == 1) return byte_at(text, at) < 0x20 || byte_at(text, at) == 0x7F;
  return length == 2 && byte_at(text, at) == 0xC2 && byte_at(text, at + 1) < 0xA0;
}

}  // namespace

std::size_t utf8_length(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4 || !is_continuation(text, at + 1)) return 0;
  if (lead < 0xE0) return 2;
  const unsigned second = byte_at(text, at + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  if (!is_continuation(text, at + 2)) return 0;
  if (lead < 0xF0) return 3;
  return is_continuation(text, at + 3) ? 4 : 0;
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (length == 0 || is_control(text, at, length)) {
      for (std::size_t i = 0; i < step; ++i) out += escape(byte_at(text, at + i));
    } else {
      out += text.substr(at, length);
    }
    at += step;
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLimit = 40;
  std::size_t end = 0;
  for (std::size_t count = 0; end < text.size() && count < kLimit; ++count)
    end += std::max<std::size_t>(utf8_length(text, end), 1);
  return "'" + printable(text.substr(0, end)) + (end < text.size() ? "...'" : "'");
}

std::string counted(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : noun.ends_with("ch") ? "es" : "s");
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string join(std::span<const std::string_view> parts, std::string_view separator) {
  std::string result;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += separator;
    result += parts[i];
  }
  return result;
}

}  // namespace stagecraft
