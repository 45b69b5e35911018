#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/yaml.h"

namespace stagecraft {
namespace {

std::vector<std::string_view> split_key(std::string_view dotted) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = dotted.find('.');
    parts.push_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    dotted.remove_prefix(dot + 1);
  }
}

std::optional<std::size_t> parse_index(std::string_view text) {
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return index;
}

/// One `--set`: its key in parts, its value and the place that every node it makes has.
class Override {
 public:
  Override(std::string_view assignment, std::string_view option) {
    const std::size_t equals = assignment.find('=');
    const std::string_view key = assignment.substr(0, equals);
    place_.origin = std::make_shared<const Origin>(Origin{
        .name = fmt::format("{} {}", option, assignment), .is_option = true, .option_key = std::string(key)});
    if (equals == std::string_view::npos) throw InputError(place_, "must have the form KEY=VALUE");
    parts_ = split_key(place_.origin->option_key);
    for (const std::string_view part : parts_)
      if (part.empty()) throw InputError(place_, "a part of the key is empty", {"the form is a.b.c=VALUE"});
    value_ = parse_value(assignment.substr(equals + 1));
  }

  NodePtr apply(const NodePtr& node, std::size_t depth = 0) const {
    if (depth == parts_.size()) return value_;
    if (!node || node->kind == Node::Kind::Null)
      return in_map(Node{.kind = Node::Kind::Map, .place = place_}, depth);
    if (node->kind == Node::Kind::Map) return in_map(*node, depth);
    if (node->kind == Node::Kind::Sequence) return in_list(*node, depth);
    throw InputError(
        place_, fmt::format("{} is not a map or list but {}", in_quotes(path(depth)), in_quotes(node->text)));
  }

 private:
  NodePtr in_map(Node map, std::size_t depth) const {
    const auto entry = std::find_if(map.entries.begin(), map.entries.end(),
                                    [&](const MapEntry& e) { return e.key == parts_[depth]; });
    if (entry != map.entries.end()) {
      entry->value = apply(entry->value, depth + 1);
      if (depth + 1 == parts_.size()) entry->key_place = place_;
    } else {
      map.entries.push_back({std::string(parts_[depth]), place_, apply(nullptr, depth + 1)});
    }
    return std::make_shared<const Node>(std::move(map));
  }

  NodePtr in_list(Node list, std::size_t depth) const {
    const std::optional<std::size_t> index = parse_index(parts_[depth]);
    const std::size_t size = list.items.size();
    if (!index) {
      throw InputError(place_, fmt::format("{} is a list; {} is no index", in_quotes(path(depth)),
                                           in_quotes(parts_[depth])));
    }
    if (*index > size) {
      throw InputError(place_, fmt::format("{} is a list of {}; index {} is beyond its end",
                                           in_quotes(path(depth)), size, *index));
    }
    if (*index == size) list.items.push_back(nullptr);
    list.items[*index] = apply(list.items[*index], depth + 1);
    return std::make_shared<const Node>(std::move(list));
  }

  std::string path(std::size_t depth) const { return join(std::span(parts_).subspan(0, depth), "."); }

  NodePtr parse_value(std::string_view text) const {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      return std::make_shared<const Node>(Node{.kind = Node::Kind::Null, .place = place_});
    }
    try {
      return moved(*parse_yaml(std::string(text), {}));
    } catch (const InputError& error) {
      throw InputError(place_, error.message(), error.hints());
    }
  }

  /// A copy in which every node has the option's place.
  NodePtr moved(Node node) const {
    node.place = place_;
    for (NodePtr& item : node.items) item = moved(*item);
    for (MapEntry& entry : node.entries) {
      entry.key_place = place_;
      entry.value = moved(*entry.value);
    }
    return std::make_shared<const Node>(std::move(node));
  }

  Place place_;
  std::vector<std::string_view> parts_;
  NodePtr value_;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const MapEntry& entry : entries)
    if (entry.key == key) return entry.value.get();
  return nullptr;
}

NodePtr apply_override(const NodePtr& root, std::string_view assignment, std::string_view option) {
  return Override(assignment, option).apply(root);
}

Place locate(const Node& root, std::string_view dotted_key) {
  const Node* node = &root;
  if (dotted_key.empty()) return node->place;
  for (const std::string_view part : split_key(dotted_key)) {
    const std::optional<std::size_t> index = parse_index(part);
    const Node* next = node->find(part);
    if (!next && index && *index < node->items.size()) next = node->items[*index].get();
    if (!next) break;
    node = next;
  }
  return node->place;
}

InputError error_at(const Node& root, std::string_view dotted_key, std::string message,
                    std::vector<std::string> hints) {
  return InputError(locate(root, dotted_key), std::move(message), std::move(hints));
}

}  // namespace stagecraft
