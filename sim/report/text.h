#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace stagecraft {

/// Where the text of a report goes. Writers hand over chunks of about 64 KiB, not single events.
struct TextSink {
  virtual ~TextSink() = default;
  virtual void write(std::string_view text) = 0;
};

/// Keeps the text in memory.
struct StringSink final : TextSink {
  void write(std::string_view chunk) override { text += chunk; }
  std::string text;
};

/// Hands the text to anything with `write(std::string_view)`, such as an output file.
template <class Target>
struct ForwardingSink final : TextSink {
  explicit ForwardingSink(Target& to) : target(to) {}
  void write(std::string_view chunk) override { target.write(chunk); }
  Target& target;
};

/// Gathers text for a sink. Numbers are written with integer arithmetic only, so the same input gives the
/// same bytes everywhere. Call flush() at the end: the destructor does not, since a sink may throw.
class TextWriter {
 public:
  explicit TextWriter(TextSink& sink) : sink_(sink) { buffer_.reserve(kChunk + 4096); }

  template <class... Parts>
  void put(const Parts&... parts) {
    (put_one(parts), ...);
    if (buffer_.size() >= kChunk) flush();
  }
  void flush();

 private:
  static constexpr std::size_t kChunk = 64 * 1024;

  void put_one(std::string_view text) { buffer_.append(text); }
  void put_one(const char* text) { buffer_.append(text); }
  void put_one(const std::string& text) { buffer_.append(text); }
  void put_one(char letter) { buffer_.push_back(letter); }
  template <class Number>
  requires(std::is_integral_v<Number>) void put_one(Number number) {
    put_integer(static_cast<std::int64_t>(number));
  }
  /// Anything that says itself how it is written: `void append_to(std::string&, T)`.
  template <class T>
  requires requires(std::string& to, const T& value) { append_to(to, value); }
  void put_one(const T& value) { append_to(buffer_, value); }
  void put_integer(std::int64_t number);

  TextSink& sink_;
  std::string buffer_;
};

/// `units` / 10^digits as an exact decimal, without trailing zeros: {1500, 3} is "1.5". digits <= 18.
struct Decimal {
  std::int64_t units;
  int digits;
};
void append_to(std::string& to, Decimal number);

/// Text inside a JSON string, as append_json_text() escapes it.
struct JsonText {
  std::string_view text;
};
void append_to(std::string& to, JsonText text);

/// Text inside an XML element or attribute; control characters, which XML cannot hold, become spaces.
struct XmlText {
  std::string_view text;
};
void append_to(std::string& to, XmlText text);

}  // namespace stagecraft
