#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace stagecraft {

/// Writes JSON as a stream: nothing is kept but the open brackets and a buffer of 64 KiB.
/// Misuse (a value without its key, an unclosed bracket at finish(), a number that is not finite) throws
/// std::logic_error: what is to be written must be checked before.
class JsonWriter {
 public:
  using Sink = std::function<void(std::string_view)>;

  /// indent 0: no blanks at all; otherwise one entry a line.
  explicit JsonWriter(Sink sink, int indent = 0);
  /// Appends to `out`, which must outlive the writer.
  explicit JsonWriter(std::string& out, int indent = 0);

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);  ///< invalid UTF-8 becomes U+FFFD
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(std::int64_t number);
  JsonWriter& value(int number) { return value(std::int64_t{number}); }
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(double number);  ///< the shortest text that reads back as the same double
  JsonWriter& value(bool truth);
  JsonWriter& null();
  /// Exact seconds: 1234567891 ns is 1.234567891.
  JsonWriter& seconds(Duration duration);
  /// `json` as it is; it must be one JSON value.
  JsonWriter& raw(std::string_view json);

  template <class T>
  JsonWriter& member(std::string_view name, const T& item) {
    return key(name).value(item);
  }

  /// Ends the document: everything is closed and reaches the sink, with a newline where it is indented.
  void finish();

 private:
  struct Level {
    bool is_object;
    bool empty = true;
  };
  void before_value();
  void open(char bracket, bool is_object);
  void close(char bracket, bool is_object);
  void new_line(std::size_t depth);
  void put(std::string_view text);
  void put_string(std::string_view text);

  Sink sink_;
  int indent_;
  std::string buffer_;
  std::vector<Level> levels_;
  bool has_key_ = false;
  bool has_root_ = false;
};

/// Appends `text` as it stands inside a JSON string, without the quotes: what JSON does not allow there is
/// escaped, and so is DEL; invalid UTF-8 becomes U+FFFD.
void append_json_text(std::string& to, std::string_view text);

/// Seconds as exact decimal text: "1.234567891", "0", "-0.5".
std::string seconds_text(Duration duration);

}  // namespace stagecraft
