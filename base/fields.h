#pragma once

#include <string>
#include <string_view>

#include "base/field.h"
#include "base/fields_impl.h"
#include "base/fields_info.h"
#include "base/yaml.h"

/// One record per YAML key. A struct names its keys once, in a specialisation of Fields; from it come the
/// reader (read), the writer (to_yaml), the JSON Schema, `explain` and completion (describe):
///
///     struct PipelineSpec {
///       std::int64_t stages = 0;
///       Duration transfer{0};
///     };
///     template <> struct stagecraft::Fields<PipelineSpec> {
///       static constexpr std::string_view name = "pipeline";
///       static constexpr auto all = std::tuple{
///           field("stages", &PipelineSpec::stages, "pipeline ranks p").min(1).max(4096).required(),
///           field("transfer", &PipelineSpec::transfer, "one hop between neighbours").example("5 us"),
///       };
///     };
///
/// Types of members: std::int64_t, int, double, bool, std::string, an enumeration with EnumNames, Duration,
/// Bytes, ByteRate, Flops, FlopRate, a struct with Fields; and of these std::optional, std::vector and
/// OneOrMany. Defaults are those of the default-constructed struct. A struct must not contain itself.
namespace stagecraft {

/// Reads a struct from a map of the tree. Throws InputError at the key's place: unknown key, required key
/// missing, wrong type, out of bounds, unknown name. `prefix` is the dotted key of `node`, for messages.
template <class T>
T read(const Node& node, std::string_view prefix = {}) {
  return detail::read_struct<T>(node, detail::KeyPath{.key = prefix});
}

/// The tree of a struct: every key, defaults too unless they are left out, without those that are not set: an
/// empty optional, an empty OneOrMany, and a default that the key's own bounds do not allow (0 bytes/s: not
/// given). read<T>(*to_node(value)) == value.
template <class T>
NodePtr to_node(const T& value, Defaults write = Defaults::Write) {
  return detail::struct_node(value, write);
}

/// to_yaml(*to_node(value)): text that reads back as an equal value.
template <class T>
std::string to_yaml(const T& value, Defaults write = Defaults::Write) requires detail::HasFields<T> {
  return to_yaml(*to_node(value, write));
}

/// The records of T and of the structs in it, for json_schema(), explain() and dotted_keys().
template <class T>
StructInfo describe() {
  return detail::struct_info<T>();
}

}  // namespace stagecraft
