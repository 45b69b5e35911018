#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/quantity.h"
#include "base/yaml.h"

/// What fields.h needs and no template needs to repeat: reading one scalar, and the errors.
namespace stagecraft::detail {

/// The way from the root to a node, as a chain on the stack: the dotted key is made only for an error.
struct KeyPath {
  const KeyPath* parent = nullptr;
  std::string_view key;  ///< empty: a list entry, or the root
  std::size_t index = 0;
  bool is_index = false;

  std::string text() const;
};

/// "must be between 1 and 4096", "must be 1", "must be at least 1", "must be more than 0"; empty texts are no
/// bound.
std::string bounds_text(const std::string& min, const std::string& max, bool above_zero);

/// Throws "'key' PREDICATE, got 'value'"; with an option of that very key "PREDICATE". `tail` comes last.
[[noreturn]] void reject(const Node& node, const KeyPath& path, const std::string& predicate,
                         const std::string& tail = {}, std::vector<std::string> hints = {});

/// A plain decimal integer; `bounds` is the predicate where it does not fit 64 bits.
std::int64_t read_integer(const Node& node, const KeyPath& path, const std::string& bounds);
double read_number(const Node& node, const KeyPath& path);
bool read_bool(const Node& node, const KeyPath& path);
std::string read_text(const Node& node, const KeyPath& path);
template <class Q>
Q read_quantity(const Node& node, const KeyPath& path);

/// Index in `names` of the node's text.
std::size_t read_name(const Node& node, const KeyPath& path, std::span<const std::string_view> names);

/// The node is a map and has no keys but `known`.
void check_map(const Node& node, const KeyPath& path, std::span<const std::string_view> known);
void check_list(const Node& node, const KeyPath& path);
[[noreturn]] void missing_key(const Node& map, const KeyPath& path, std::string_view key,
                              std::string_view help);

std::string value_text(std::int64_t value);
inline std::string value_text(int value) {
  return value_text(std::int64_t{value});
}
std::string value_text(double value);
inline std::string value_text(const Duration& value) {
  return exact_text(value);
}
inline std::string value_text(const Bytes& value) {
  return exact_text(value);
}
inline std::string value_text(const ByteRate& value) {
  return exact_text(value);
}
inline std::string value_text(const Flops& value) {
  return exact_text(value);
}
inline std::string value_text(const FlopRate& value) {
  return exact_text(value);
}

NodePtr scalar_node(std::string text, bool quoted = false);

}  // namespace stagecraft::detail
