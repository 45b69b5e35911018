#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace stagecraft {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// One `key: value` of a map, in the order of the file.
struct MapEntry {
  std::string key;
  Place key_place;
  NodePtr value;
};

/// A value of a YAML document. Immutable: an override makes new nodes along its path and shares the rest, and
/// an alias shares the node of its anchor.
struct Node {
  enum class Kind { Null, Scalar, Sequence, Map };

  Kind kind = Kind::Null;
  std::string text{};   ///< of a scalar, quotes and escapes resolved
  bool quoted = false;  ///< a scalar in quotes or a block scalar: text, even if it looks like a number
  Place place{};        ///< of a scalar its first character; of the rest the key it stands behind, if any
  std::vector<NodePtr> items{};     ///< of a sequence
  std::vector<MapEntry> entries{};  ///< of a map; keys are unique

  /// The value of a key; nullptr where the map (or other kind) has none.
  const Node* find(std::string_view key) const;
};

/// What a file may hold. Guards against files that are no scenarios: the parser takes time and memory.
struct YamlLimits {
  std::size_t bytes = std::size_t{16} << 20;
  int depth = 64;                 ///< maps and lists inside each other
  std::size_t nodes = 1'000'000;  ///< with every alias counted as often as it is used
};

/// Reads YAML text as one document; `name` stands for the file in errors. Strict: errors (InputError, with
/// the position) are everything that is not YAML 1.2, and duplicate keys, keys that are not plain text, merge
/// keys, tags, tabs that indent, a second document, an empty document, text that is not UTF-8, NUL bytes, too
/// large, too deep.
NodePtr parse_yaml(std::string text, std::string name, const YamlLimits& limits = {});

/// parse_yaml of a file. Throws InputError also where it is missing, a directory or cannot be read.
NodePtr read_yaml_file(const std::string& path, const YamlLimits& limits = {});

/// `root` with one value replaced. `assignment` is KEY=VALUE: the key's parts are joined by dots, a list is
/// entered by index from 0 (`stages.2.layers`, an index of its length appends), VALUE is YAML. Missing maps
/// are made. Errors that later name the value quote the option: `--set a.b=c: ...`. Throws InputError.
NodePtr apply_override(const NodePtr& root, std::string_view assignment, std::string_view option = "--set");

/// The place of a dotted key, or of its nearest existing parent.
Place locate(const Node& root, std::string_view dotted_key);

/// An error found after reading, such as a check of one key against another, at the key's place.
InputError error_at(const Node& root, std::string_view dotted_key, std::string message,
                    std::vector<std::string> hints = {});

/// YAML text of a tree, in block style with a newline at the end; parse_yaml gives the same tree back.
std::string to_yaml(const Node& node);

/// The same on one line, in flow style and without a newline: `{a: 1, b: [x, y]}`.
std::string to_flow_yaml(const Node& node);

}  // namespace stagecraft
