#include "base/fields_scalar.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/suggest.h"
#include "base/text.h"

namespace stagecraft::detail {
namespace {

std::string got(const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Sequence:
      return "a list";
    case Node::Kind::Map:
      return "a map";
    case Node::Kind::Scalar:
      break;
  }
  return (node.quoted ? "the quoted text " : "") + in_quotes(node.text);
}

/// A scalar that is no text in quotes: numbers and truth values are written plainly.
bool is_plain(const Node& node) {
  return node.kind == Node::Kind::Scalar && !node.quoted;
}

bool is_option_of(const Place& place, const std::string& key) {
  return place.origin && place.origin->is_option && place.origin->option_key == key;
}

bool has_decimal_form(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string KeyPath::text() const {
  const std::string before = parent ? parent->text() : "";
  const std::string own = is_index ? fmt::format("{}", index) : std::string(key);
  return before.empty() || own.empty() ? before + own : before + "." + own;
}

std::string bounds_text(const std::string& min, const std::string& max, bool above_zero) {
  if (above_zero) return "must be more than 0" + (max.empty() ? "" : " and at most " + max);
  if (!min.empty() && min == max) return "must be " + min;
  if (!min.empty() && !max.empty()) return fmt::format("must be between {} and {}", min, max);
  if (!min.empty()) return "must be at least " + min;
  return max.empty() ? "" : "must be at most " + max;
}

void reject(const Node& node, const KeyPath& path, const std::string& predicate, const std::string& tail,
            std::vector<std::string> hints) {
  const std::string key = path.text();
  const bool quotes_value = is_option_of(node.place, key) && node.kind == Node::Kind::Scalar;
  std::string message = predicate;
  if (!is_option_of(node.place, key))
    message = (key.empty() ? "the document" : in_quotes(key)) + " " + message;
  if (!quotes_value) message += ", got " + got(node);
  throw InputError(node.place, message + tail, std::move(hints));
}

std::int64_t read_integer(const Node& node, const KeyPath& path, const std::string& bounds) {
  if (!is_plain(node) || !has_decimal_form(node.text)) reject(node, path, "must be an integer");
  std::string_view text = node.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) reject(node, path, bounds);
  return value;
}

double read_number(const Node& node, const KeyPath& path) {
  if (!is_plain(node)) reject(node, path, "must be a number");
  std::string_view text = node.text;
  if (text.starts_with('+') && text.substr(1, 1) != "-") text.remove_prefix(1);
  std::string_view word = text.substr(text.starts_with('-') ? 1 : 0);
  if (word.starts_with('.') && word.substr(1, 1).find_first_of("nNiI") == 0)
    word.remove_prefix(1);  // .nan, .inf
  double value = 0;
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (end != word.data() + word.size() || end == word.data() || word.starts_with('-'))
    reject(node, path, "must be a number");
  if (code == std::errc::result_out_of_range) reject(node, path, "must be a number that a double can hold");
  if (!std::isfinite(value)) reject(node, path, "must be a finite number");
  return text.starts_with('-') ? -value : value;
}

bool read_bool(const Node& node, const KeyPath& path) {
  if (is_plain(node) && node.text == "true") return true;
  if (is_plain(node) && node.text == "false") return false;
  reject(node, path, "must be true or false");
}

std::string read_text(const Node& node, const KeyPath& path) {
  if (node.kind != Node::Kind::Scalar) reject(node, path, "must be text");
  return node.text;
}

template <class Q>
Q read_quantity(const Node& node, const KeyPath& path) {
  const QuantityKind& kind = quantity_kind<Q>();
  if (node.kind != Node::Kind::Scalar) {
    reject(node, path, fmt::format("must be {}, such as \"{}\"", kind.name, kind.example));
  }
  try {
    return parse_quantity<Q>(node.text);
  } catch (const QuantityError& error) {
    std::vector<std::string> hints;
    if (!error.hint.empty()) hints.push_back(error.hint);
    if (!error.shows_value) reject(node, path, error.what(), {}, std::move(hints));
    const std::string key = path.text();
    const std::string subject = is_option_of(node.place, key) ? "" : in_quotes(key) + " ";
    throw InputError(node.place, subject + error.what(), std::move(hints));
  }
}
template Duration read_quantity<Duration>(const Node&, const KeyPath&);
template Bytes read_quantity<Bytes>(const Node&, const KeyPath&);
template ByteRate read_quantity<ByteRate>(const Node&, const KeyPath&);
template Flops read_quantity<Flops>(const Node&, const KeyPath&);
template FlopRate read_quantity<FlopRate>(const Node&, const KeyPath&);

std::size_t read_name(const Node& node, const KeyPath& path, std::span<const std::string_view> names) {
  const std::string known = "known names: " + join(names, ", ");
  if (node.kind != Node::Kind::Scalar) reject(node, path, "must be a name", {}, {known});
  const auto found = std::find(names.begin(), names.end(), node.text);
  if (found == names.end())
    reject(node, path, "must be a known name", did_you_mean(node.text, names), {known});
  return static_cast<std::size_t>(found - names.begin());
}

void check_map(const Node& node, const KeyPath& path, std::span<const std::string_view> known) {
  if (node.kind != Node::Kind::Map) reject(node, path, "must be a map");
  for (const MapEntry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    std::vector<std::string_view> sorted(known.begin(), known.end());
    std::sort(sorted.begin(), sorted.end());
    const std::string parent = path.text();
    throw InputError(
        entry.key_place,
        fmt::format("unknown key {}{}{}", in_quotes(entry.key),
                    parent.empty() ? "" : " in " + in_quotes(parent), did_you_mean(entry.key, sorted)),
        {"known keys: " + join(sorted, ", ")});
  }
}

void check_list(const Node& node, const KeyPath& path) {
  if (node.kind != Node::Kind::Sequence) reject(node, path, "must be a list");
}

void missing_key(const Node& map, const KeyPath& path, std::string_view key, std::string_view help) {
  const KeyPath missing{.parent = &path, .key = key};
  throw InputError(map.place, fmt::format("{} is required: {}", in_quotes(missing.text()), help));
}

std::string value_text(std::int64_t value) {
  return fmt::format("{}", value);
}
std::string value_text(double value) {
  return fmt::format("{}", value);
}

NodePtr scalar_node(std::string text, bool is_quoted) {
  return std::make_shared<const Node>(
      Node{.kind = Node::Kind::Scalar, .text = std::move(text), .quoted = is_quoted});
}

}  // namespace stagecraft::detail
