#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/yaml.h"

namespace stagecraft {

/// A `[` or `{` and where it stands.
struct OpenBracket {
  char bracket;
  Place place;
};

/// Looks over YAML text before the parser proper sees it, in one pass without recursion: throws InputError
/// for text that is not UTF-8, NUL bytes, control characters, too many bytes, tabs that indent, and `[` and
/// `{` nested deeper than the limit (a parser that looks ahead for `:` takes gigabytes for ten megabytes of
/// `[`).
/// Returns the innermost bracket that is still open at the end, if any: what the parser then complains of.
std::optional<OpenBracket> guard_yaml(const std::shared_ptr<const Origin>& origin, const YamlLimits& limits);

/// "lists and maps are nested deeper than 64", at a place.
InputError too_deep(Place place, const YamlLimits& limits);

}  // namespace stagecraft
