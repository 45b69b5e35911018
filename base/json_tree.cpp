#include "base/json_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace stagecraft {

namespace {

/// The text for the parser, which copies its iterators: how far it has read is kept outside.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** reached) : at_(at), reached_(reached) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

bool is_number_letter(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing ... -
/// unexpected end of input" without all that the position says already.
std::string reason(std::string_view what) {
  for (const std::string_view before : {"] ", ": ", " - "})
    if (const std::size_t at = what.find(before); at != std::string_view::npos)
      what.remove_prefix(at + before.size());
  return printable(what.substr(0, 160));
}

Place place_at(const std::shared_ptr<const Origin>& origin, std::size_t offset) {
  const std::string_view before = std::string_view(origin->text).substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {origin, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1};
}

}  // namespace

/// Takes the parser's calls, which come right behind the token that they tell of.
class JsonTreeBuilder {
 public:
  using Kind = JsonValue::Kind;

  JsonTreeBuilder(JsonValue::Document& document, const JsonLimits& limits)
      : document_(document), limits_(limits), start_(document.origin->text.data()), reached_(start_) {}

  void run() {
    const std::string& text = document_.origin->text;
    nlohmann::json::sax_parse(CountingIterator(start_, &reached_),
                              CountingIterator(start_ + text.size(), &reached_), this);
  }

  bool null() { return leaf(Kind::Null); }
  bool boolean(bool) { return leaf(Kind::Boolean); }
  bool number_integer(std::int64_t) { return number(); }
  bool number_unsigned(std::uint64_t) { return number(); }
  bool number_float(double, const std::string&) { return number(); }
  bool string(const std::string&) { return quoted(Kind::String); }
  bool key(const std::string&) { return quoted(Kind::Key); }
  bool binary(const nlohmann::json::binary_t&) { return true; }
  bool start_object(std::size_t) { return open(Kind::Object); }
  bool start_array(std::size_t) { return open(Kind::Array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) {
    const std::size_t size = document_.origin->text.size();
    throw InputError(place_at(document_.origin, std::min(byte == 0 ? 0 : byte - 1, size)),
                     fmt::format("is not valid JSON: {}", reason(error.what())));
  }

 private:
  std::uint32_t reached() const { return static_cast<std::uint32_t>(reached_ - start_); }

  bool add(Kind kind, std::uint32_t begin, std::uint32_t end) {
    if (document_.cells.size() >= limits_.values)
      throw InputError(place_at(document_.origin, begin),
                       fmt::format("is too large: more than {} values", limits_.values));
    document_.cells.push_back({begin, end, static_cast<std::uint32_t>(document_.cells.size()) + 1, kind});
    return true;
  }

  /// null, true or false: the parser stands behind its last letter.
  bool leaf(Kind kind) {
    std::uint32_t begin = reached();
    while (begin > 0 && start_[begin - 1] >= 'a' && start_[begin - 1] <= 'z') --begin;
    return add(kind, begin, reached());
  }

  /// The parser has also taken the letter behind the number, where there is one.
  bool number() {
    std::uint32_t end = reached();
    if (end > 0 && !is_number_letter(start_[end - 1])) --end;
    std::uint32_t begin = end;
    while (begin > 0 && is_number_letter(start_[begin - 1])) --begin;
    return add(Kind::Number, begin, end);
  }

  bool quoted(Kind kind) {
    const std::uint32_t end = reached() - 1;
    std::uint32_t begin = end - 1;
    const auto escaped = [&](std::uint32_t at) {
      std::uint32_t slash = at;
      while (slash > 0 && start_[slash - 1] == '\\') --slash;
      return (at - slash) % 2 == 1;
    };
    while (start_[begin] != '"' || escaped(begin)) --begin;
    return add(kind, begin + 1, end);
  }

  bool open(Kind kind) {
    if (open_.size() >= limits_.depth)
      throw InputError(place_at(document_.origin, reached() - 1),
                       fmt::format("is nested deeper than {} levels", limits_.depth));
    open_.push_back(static_cast<std::uint32_t>(document_.cells.size()));
    return add(kind, reached() - 1, reached());
  }

  bool close() {
    JsonValue::Cell& cell = document_.cells[open_.back()];
    cell.end = reached();
    cell.next = static_cast<std::uint32_t>(document_.cells.size());
    open_.pop_back();
    return true;
  }

  JsonValue::Document& document_;
  const JsonLimits& limits_;
  const char* start_;
  const char* reached_;
  std::vector<std::uint32_t> open_;
};

JsonValue parse_json(std::string text, std::string name, const JsonLimits& limits) {
  const std::size_t most = std::min<std::size_t>(limits.bytes, UINT32_MAX);
  if (text.size() > most) throw file_error(name, fmt::format("is too large: more than {} bytes", most));
  auto document = std::make_shared<JsonValue::Document>();
  document->origin = std::make_shared<Origin>(Origin{.name = std::move(name), .text = std::move(text)});
  JsonTreeBuilder(*document, limits).run();
  const JsonValue::Document* raw = document.get();
  return {raw, std::move(document), 0};
}

std::string_view JsonValue::text() const {
  return std::string_view(document_->origin->text).substr(cell().begin, cell().end - cell().begin);
}

Place JsonValue::place() const {
  const bool quoted = kind() == Kind::String || kind() == Kind::Key;
  return place_at(document_->origin, cell().begin - (quoted ? 1U : 0U));
}

void JsonValue::reject(std::string_view name, std::string_view wanted) const {
  const std::string got = kind() == Kind::Object   ? "an object"
                          : kind() == Kind::Array  ? "a list"
                          : kind() == Kind::String ? fmt::format("the text {}", in_quotes(text()))
                                                   : in_quotes(text());
  throw InputError(place(), fmt::format("{} must be {}, got {}", in_quotes(name), wanted, got));
}

void JsonValue::expect(Kind wanted, std::string_view name) const {
  constexpr std::string_view kWords[] = {"null",   "true or false", "a number", "a text",
                                         "a list", "an object",     "a key"};
  if (kind() != wanted) reject(name, kWords[static_cast<std::size_t>(wanted)]);
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  std::optional<JsonValue> found;
  if (!is_object()) return found;
  each_member([&](const JsonValue& name, const JsonValue& value) {
    if (name.text() != key) return;
    if (found) throw InputError(name.place(), fmt::format("{} is given twice", in_quotes(key)));
    found = value;
  });
  return found;
}

JsonValue JsonValue::member(std::string_view key) const {
  if (auto found = find(key)) return *found;
  throw InputError(place(), fmt::format("{} is missing", in_quotes(key)));
}

double JsonValue::number(std::string_view name) const {
  expect(Kind::Number, name);
  const std::string_view digits = text();
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  // The parser has refused what is too large; what is too small for a double is 0.
  return error == std::errc{} && end == digits.data() + digits.size() ? value : 0.0;
}

double JsonValue::amount(std::string_view name, double most) const {
  const double value = number(name);
  if (value < 0) reject(name, "at least 0");
  if (value > most) reject(name, fmt::format("at most {}", most));
  return value == 0 ? 0 : value;
}

std::int64_t JsonValue::integer(std::string_view name) const {
  const double value = number(name);
  // Writers in Python make 4.0 of a 4.
  constexpr double kExact = 9007199254740992;
  if (std::trunc(value) != value || std::abs(value) > kExact) reject(name, "a whole number");
  return static_cast<std::int64_t>(value);
}

std::string JsonValue::string(std::string_view name) const {
  expect(Kind::String, name);
  if (text().find('\\') == std::string_view::npos) return std::string(text());
  return nlohmann::json::parse(fmt::format("\"{}\"", text())).get<std::string>();
}

std::size_t JsonValue::items() const {
  std::size_t count = 0;
  each_item([&](const JsonValue&) { ++count; });
  return count;
}

}  // namespace stagecraft
