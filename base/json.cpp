#include "base/json.h"

#include <fmt/core.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "base/text.h"

namespace stagecraft {
namespace {

constexpr std::size_t kBufferSize = 64 << 10;

void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(std::string("JsonWriter: ") + what);
}

/// Characters that JSON does not allow in a string.
bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || c == '\x7F';
}

std::string escaped(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
}

}  // namespace

JsonWriter::JsonWriter(Sink sink, int indent) : sink_(std::move(sink)), indent_(indent) {}
JsonWriter::JsonWriter(std::string& out, int indent)
    : JsonWriter([&out](std::string_view text) { out += text; }, indent) {}

void JsonWriter::put(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() < kBufferSize) return;
  sink_(buffer_);
  buffer_.clear();
}

void JsonWriter::new_line(std::size_t depth) {
  if (indent_ > 0) put("\n" + std::string(depth * static_cast<std::size_t>(indent_), ' '));
}

void JsonWriter::before_value() {
  if (levels_.empty()) {
    require(!has_root_, "a document has one value");
    has_root_ = true;
    return;
  }
  Level& level = levels_.back();
  if (level.is_object) {
    require(has_key_, "a value in an object needs its key");
    has_key_ = false;
    return;
  }
  if (!level.empty) put(",");
  level.empty = false;
  new_line(levels_.size());
}

JsonWriter& JsonWriter::key(std::string_view name) {
  require(!levels_.empty() && levels_.back().is_object && !has_key_, "a key belongs into an object");
  if (!levels_.back().empty) put(",");
  levels_.back().empty = false;
  new_line(levels_.size());
  put_string(name);
  put(indent_ > 0 ? ": " : ":");
  has_key_ = true;
  return *this;
}

void JsonWriter::open(char bracket, bool is_object) {
  before_value();
  put({&bracket, 1});
  levels_.push_back({is_object});
}

void JsonWriter::close(char bracket, bool is_object) {
  require(!levels_.empty() && levels_.back().is_object == is_object && !has_key_,
          "a bracket is closed that is not open");
  const bool empty = levels_.back().empty;
  levels_.pop_back();
  if (!empty) new_line(levels_.size());
  put({&bracket, 1});
}

JsonWriter& JsonWriter::begin_object() {
  return open('{', true), *this;
}
JsonWriter& JsonWriter::end_object() {
  return close('}', true), *this;
}
JsonWriter& JsonWriter::begin_array() {
  return open('[', false), *this;
}
JsonWriter& JsonWriter::end_array() {
  return close(']', false), *this;
}

void JsonWriter::put_string(std::string_view text) {
  buffer_ += '"';
  append_json_text(buffer_, text);
  put("\"");
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  before_value();
  put(json);
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  before_value();
  put_string(text);
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  return raw(fmt::format("{}", number));
}
JsonWriter& JsonWriter::value(std::uint64_t number) {
  return raw(fmt::format("{}", number));
}
JsonWriter& JsonWriter::value(bool truth) {
  return raw(truth ? "true" : "false");
}
JsonWriter& JsonWriter::null() {
  return raw("null");
}
JsonWriter& JsonWriter::seconds(Duration duration) {
  return raw(seconds_text(duration));
}

JsonWriter& JsonWriter::value(double number) {
  require(std::isfinite(number), "a number is not finite");
  return raw(fmt::format("{}", number));
}

void JsonWriter::finish() {
  require(levels_.empty() && has_root_, "the document is not complete");
  if (indent_ > 0) put("\n");
  sink_(buffer_);
  buffer_.clear();
}

void append_json_text(std::string& to, std::string_view text) {
  std::size_t run = 0;  // start of what can be copied as it is
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0 || needs_escape(text[at])) {
      to += text.substr(run, at - run);
      to += length == 0 ? std::string("\xEF\xBF\xBD") : escaped(text[at]);
      run = at + 1;
    }
    at += length == 0 ? 1 : length;
  }
  to += text.substr(run);
}

std::string seconds_text(Duration duration) {
  const std::int64_t count = duration.count();
  const std::uint64_t ns =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  constexpr std::uint64_t kSecond = 1'000'000'000;
  std::string text = fmt::format("{}{}", count < 0 ? "-" : "", ns / kSecond);
  if (ns % kSecond == 0) return text;
  text += fmt::format(".{:09}", ns % kSecond);
  while (text.back() == '0') text.pop_back();
  return text;
}

}  // namespace stagecraft
