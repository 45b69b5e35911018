#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <memory>

#include "base/field.h"
#include "base/fields_info.h"
#include "base/fields_scalar.h"
#include "base/yaml.h"

/// The generic part of fields.h: one function per direction, each a switch over the kinds of member types.
namespace stagecraft {

/// What a writer does with keys whose value is the default.
enum class Defaults : std::uint8_t {
  Write,
  LeaveOut,  ///< but for required keys
};

}  // namespace stagecraft

namespace stagecraft::detail {

template <class E>
constexpr auto enum_names() {
  std::array<std::string_view, EnumNames<E>::all.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = EnumNames<E>::all[i].name;
  return names;
}

template <class T>
std::string bounds_text(const Limits<T>& limits) {
  const auto text = [](const std::optional<T>& bound) { return bound ? value_text(*bound) : std::string(); };
  return bounds_text(text(limits.min), text(limits.max), limits.above_zero);
}

/// What a type can hold is a bound too, where the record has none.
template <Integer T>
std::string integer_bounds_text(Limits<T> limits, bool negative) {
  if (negative && !limits.min) limits.min = std::numeric_limits<T>::min();
  if (!negative && !limits.max) limits.max = std::numeric_limits<T>::max();
  return bounds_text(limits);
}

template <Integer T>
T read_bounded_integer(const Node& node, const KeyPath& path, const Limits<T>& limits) {
  const std::string bounds = integer_bounds_text(limits, node.text.starts_with('-'));
  const std::int64_t value = read_integer(node, path, bounds);
  if (!std::in_range<T>(value)) reject(node, path, bounds);
  return static_cast<T>(value);
}

template <Bounded T>
T read_bounded(const Node& node, const KeyPath& path, const Limits<T>& limits) {
  T value{};
  if constexpr (Integer<T>) {
    value = read_bounded_integer<T>(node, path, limits);
  } else if constexpr (std::same_as<T, double>) {
    value = read_number(node, path);
  } else {
    value = read_quantity<T>(node, path);
  }
  if (!limits.holds(value)) reject(node, path, bounds_text(limits));
  return value;
}

template <class T>
T read_struct(const Node& node, const KeyPath& path);

template <class T, class Record>
T read_value(const Node& node, const KeyPath& path, const Record& record) {
  if constexpr (kIs<T, std::optional>) {
    if (node.kind == Node::Kind::Null) return std::nullopt;
    return read_value<typename T::value_type>(node, path, record);
  } else if constexpr (kIs<T, std::vector>) {
    check_list(node, path);
    T values;
    for (const NodePtr& item : node.items) {
      const KeyPath entry{.parent = &path, .key = {}, .index = values.size(), .is_index = true};
      values.push_back(read_value<typename T::value_type>(*item, entry, record));
    }
    return values;
  } else if constexpr (kIs<T, OneOrMany>) {
    using Value = std::remove_cvref_t<decltype(std::declval<T>().values[0])>;
    if (node.kind != Node::Kind::Sequence) return T(read_value<Value>(node, path, record));
    if (node.items.empty()) reject(node, path, "must have a value");
    return T(read_value<std::vector<Value>>(node, path, record));
  } else if constexpr (HasFields<T>) {
    return read_struct<T>(node, path);
  } else if constexpr (Bounded<T>) {
    return read_bounded<T>(node, path, record.limits);
  } else if constexpr (std::is_enum_v<T>) {
    return EnumNames<T>::all[read_name(node, path, enum_names<T>())].value;
  } else if constexpr (std::same_as<T, bool>) {
    return read_bool(node, path);
  } else {
    static_assert(std::same_as<T, std::string>, "no YAML form is known for this type");
    if (!record.names) return read_text(node, path);
    const std::vector<std::string_view> names = record.names();
    return std::string(names[read_name(node, path, names)]);
  }
}

template <class T, class Record>
void read_field(const Node& map, const KeyPath& path, const Record& record, T& owner) {
  using Member = std::remove_cvref_t<decltype(owner.*record.member)>;
  const Node* value = map.find(record.key);
  if (!value) {
    if (record.is_required) missing_key(map, path, record.key, record.help);
    return;
  }
  owner.*record.member = read_value<Member>(*value, KeyPath{.parent = &path, .key = record.key}, record);
}

template <class T>
T read_struct(const Node& node, const KeyPath& path) {
  T value = T();
  std::apply(
      [&](const auto&... records) {
        const std::array<std::string_view, sizeof...(records)> known{records.key...};
        check_map(node, path, known);
        (read_field(node, path, records, value), ...);
      },
      Fields<T>::all);
  return value;
}

template <class T>
const T& defaults_of() {
  static const T defaults = T();  // not T{}: GCC 12 then warns of members that it takes for uninitialised
  return defaults;
}

template <class T>
NodePtr struct_node(const T& value, Defaults write);

template <class T>
NodePtr value_node(const T& value, Defaults write) {
  if constexpr (kIs<T, std::optional>) {
    return value ? value_node(*value, write) : nullptr;
  } else if constexpr (kIs<T, std::vector>) {
    Node list{.kind = Node::Kind::Sequence};
    for (const auto& item : value) list.items.push_back(value_node<typename T::value_type>(item, write));
    return std::make_shared<const Node>(std::move(list));
  } else if constexpr (kIs<T, OneOrMany>) {
    if (value.is_list) return value_node(value.values, write);
    return value.empty() ? nullptr : value_node(value.values[0], write);
  } else if constexpr (HasFields<T>) {
    return struct_node(value, write);
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& entry : EnumNames<T>::all)
      if (entry.value == value) return scalar_node(std::string(entry.name));
    return nullptr;
  } else if constexpr (std::same_as<T, bool>) {
    return scalar_node(value ? "true" : "false");
  } else if constexpr (std::same_as<T, std::string>) {
    return scalar_node(value, /*quoted=*/true);
  } else if constexpr (Integer<T>) {
    return scalar_node(value_text(std::int64_t{value}));
  } else {
    return scalar_node(value_text(value));
  }
}

/// False for a default that only says "not given": the record itself would not accept it.
template <class T, class Record>
bool is_acceptable(const T& value, const Record& record) {
  if constexpr (Bounded<T>) {
    return record.limits.holds(value);
  } else if constexpr (std::same_as<T, std::string>) {
    if (!record.names) return true;
    const std::vector<std::string_view> names = record.names();
    return std::find(names.begin(), names.end(), value) != names.end();
  } else if constexpr (kIs<T, OneOrMany>) {
    return std::all_of(value.values.begin(), value.values.end(),
                       [&](const auto& item) { return is_acceptable(item, record); });
  } else {
    return true;
  }
}

/// Whether both nodes are the same values; also where both are not set.
inline bool same_values(const NodePtr& a, const NodePtr& b) {
  return a && b ? to_flow_yaml(*a) == to_flow_yaml(*b) : a == b;
}

/// The node of a member; nullptr where it is not set, or is a default that is not to be written.
template <class T, class Record>
NodePtr field_node(const T& owner, const T& defaults, const Record& record, Defaults write) {
  const auto& member = owner.*record.member;
  using Member = std::remove_cvref_t<decltype(member)>;
  if constexpr (Bounded<Member> || std::same_as<Member, std::string> || kIs<Member, OneOrMany>) {
    if (member == defaults.*record.member && !is_acceptable(member, record)) return nullptr;
  }
  NodePtr node = value_node<Member>(member, write);
  const bool may_miss = write == Defaults::LeaveOut && !record.is_required;
  if (may_miss && same_values(node, value_node<Member>(defaults.*record.member, write))) return nullptr;
  return node;
}

template <class T>
NodePtr struct_node(const T& value, Defaults write) {
  const T& defaults = defaults_of<T>();
  Node map{.kind = Node::Kind::Map};
  const auto add = [&](const auto& record) {
    if (NodePtr node = field_node(value, defaults, record, write)) {
      map.entries.push_back({std::string(record.key), {}, std::move(node)});
    }
  };
  std::apply([&](const auto&... records) { (add(records), ...); }, Fields<T>::all);
  return std::make_shared<const Node>(std::move(map));
}

template <class T>
constexpr FieldInfo::Shape shape_of() {
  if constexpr (kIs<T, std::optional>) return shape_of<typename T::value_type>();
  if constexpr (kIs<T, std::vector>) return FieldInfo::Shape::List;
  return kIs<T, OneOrMany> ? FieldInfo::Shape::OneOrMany : FieldInfo::Shape::One;
}

template <class T>
constexpr FieldInfo::Type type_of() {
  using Type = FieldInfo::Type;
  if constexpr (HasFields<T>) return Type::Struct;
  if constexpr (Integer<T>) return Type::Integer;
  if constexpr (Quantity<T>) return Type::Quantity;
  if constexpr (std::is_enum_v<T>) return Type::Name;
  if constexpr (std::same_as<T, bool>) return Type::Boolean;
  return std::same_as<T, double> ? Type::Number : Type::Text;
}

template <class T>
StructInfo struct_info();

template <class T, class Record>
FieldInfo field_info(const T& defaults, const Record& record) {
  using Leaf = typename Record::Leaf;
  using Member = std::remove_cvref_t<decltype(defaults.*record.member)>;
  FieldInfo info;
  info.key = record.key;
  info.help = record.help;
  info.type = type_of<Leaf>();
  info.shape = shape_of<Member>();
  info.required = record.is_required;
  info.example = record.example_text;
  if constexpr (Bounded<Leaf>) {
    if (record.limits.min) info.minimum = value_text(*record.limits.min);
    if (record.limits.max) info.maximum = value_text(*record.limits.max);
    info.above_zero = record.limits.above_zero;
  }
  if constexpr (Quantity<Leaf>) info.quantity = &quantity_kind<Leaf>();
  if constexpr (HasFields<Leaf>) info.children = struct_info<Leaf>().fields;
  if constexpr (std::is_enum_v<Leaf>) {
    const auto names = enum_names<Leaf>();
    info.names.assign(names.begin(), names.end());
  }
  if (record.names) {
    info.type = FieldInfo::Type::Name;
    info.names = record.names();
  }
  if constexpr (!HasFields<Member>) {
    const NodePtr value = field_node(defaults, defaults, record, Defaults::Write);
    if (value && !record.is_required) info.default_value = to_flow_yaml(*value);
  }
  return info;
}

template <class T>
StructInfo struct_info() {
  StructInfo info{.name = std::string(Fields<T>::name)};
  const T& defaults = defaults_of<T>();
  std::apply([&](const auto&... records) { (info.fields.push_back(field_info(defaults, records)), ...); },
             Fields<T>::all);
  return info;
}

}  // namespace stagecraft::detail
