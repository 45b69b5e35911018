#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace stagecraft {

/// What a JSON file may hold: it is read as a whole, 16 bytes a value beside its text.
struct JsonLimits {
  std::size_t bytes = std::size_t{256} << 20;
  std::size_t values = 40'000'000;  ///< keys counted as values
  std::size_t depth = 64;           ///< objects and arrays inside each other
};

/// A value of a JSON text. Cheap to copy; it keeps the text alive. Unlike a parser's tree it knows where it
/// stands, so that an error points at it: every accessor throws InputError there.
class JsonValue {
 public:
  enum class Kind : std::uint8_t { Null, Boolean, Number, String, Array, Object, Key };

  Kind kind() const { return cell().kind; }
  bool is_object() const { return kind() == Kind::Object; }
  /// As it stands in the file; of a string and a key what is between the quotes, escapes as they are.
  std::string_view text() const;
  /// O(size of the file): for errors.
  Place place() const;

  /// The value of a key, nothing where the object has none. A key that is there twice is an error: other
  /// readers take the first or the last. Keys with escapes are not found.
  std::optional<JsonValue> find(std::string_view key) const;
  /// The same; throws where there is none: "'nodes' is missing".
  JsonValue member(std::string_view key) const;

  /// `name` is what the value is called in errors: "'cost' must be a number, got "high"".
  double number(std::string_view name) const;
  /// A finite number that is not negative and at most `most`; -0 becomes 0.
  double amount(std::string_view name, double most) const;
  std::int64_t integer(std::string_view name) const;
  std::string string(std::string_view name) const;  ///< escapes resolved
  void expect(Kind wanted, std::string_view name) const;

  /// visit(JsonValue) for each element of an array.
  template <class Visit>
  void each_item(Visit visit) const {
    for (std::uint32_t i = index_ + 1; i < cell().next; i = at(i).cell().next) visit(at(i));
  }
  /// visit(JsonValue key, JsonValue value) for each entry of an object.
  template <class Visit>
  void each_member(Visit visit) const {
    for (std::uint32_t i = index_ + 1; i < cell().next; i = at(i + 1).cell().next) visit(at(i), at(i + 1));
  }
  std::size_t items() const;  ///< of an array; O(items)

 private:
  friend class JsonTreeBuilder;
  friend JsonValue parse_json(std::string text, std::string name, const JsonLimits& limits);

  /// `next` is the index behind the value and all that is in it.
  struct Cell {
    std::uint32_t begin, end, next;
    Kind kind;
  };
  struct Document {
    std::shared_ptr<const Origin> origin;
    std::vector<Cell> cells;
  };

  JsonValue(const Document* document, std::shared_ptr<const Document> owner, std::uint32_t index)
      : document_(document), owner_(std::move(owner)), index_(index) {}
  const Cell& cell() const { return document_->cells[index_]; }
  JsonValue at(std::uint32_t index) const { return {document_, owner_, index}; }
  [[noreturn]] void reject(std::string_view name, std::string_view wanted) const;

  const Document* document_;
  std::shared_ptr<const Document> owner_;
  std::uint32_t index_;
};

/// Reads JSON text (RFC 8259, so no NaN and no comments); `name` stands for the file in errors. Throws
/// InputError with line and column: not JSON, more than the limits allow.
JsonValue parse_json(std::string text, std::string name, const JsonLimits& limits = {});

}  // namespace stagecraft
