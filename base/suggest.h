#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace stagecraft {

/// Fewest insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`, where no part
/// is edited twice (optimal string alignment). Counts bytes; O(|a| |b|).
/// Source: Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that `text` was probably meant to be: the nearest one, case ignored first, at most a third
/// of its length and 3 edits away; the earliest of equals. Empty where none is near.
std::string_view closest(std::string_view text, std::span<const std::string_view> candidates);

/// "; did you mean 'stages'?", or nothing.
std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace stagecraft
