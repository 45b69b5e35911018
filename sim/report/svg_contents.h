#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/report/selection.h"

namespace stagecraft {

/// What the shown part of a timeline holds: what the legend names and the layout needs.
struct SvgContents {
  IndexRange ranks;
  std::size_t boxes = 0;  ///< ops and bubbles
  std::size_t ops = 0;
  std::array<bool, kOpKinds> kinds{};        ///< by OpKind: drawn
  std::array<bool, kBubbleCauses> causes{};  ///< by BubbleCause: present
  std::vector<std::vector<std::uint16_t>>
      stages;               ///< of each shown rank, ascending: the chunk is the position
  int chunks = 1;           ///< the most stages on a rank
  int lightness_steps = 1;  ///< shades per kind: chunks, at most kMaxShades

  /// The shade of a stage on a rank, 0 .. lightness_steps - 1.
  int shade(std::size_t rank, std::uint16_t stage) const;
};
inline constexpr int kMaxShades = 8;

SvgContents svg_contents(const Timeline& timeline, const Selection& selection);

/// A kind and a shade as one number, for tables: below class_count().
inline std::size_t box_class(OpKind kind, int shade) {
  return static_cast<std::size_t>(kind) * kMaxShades + static_cast<std::size_t>(shade);
}
inline constexpr std::size_t kBoxClasses = std::size_t{kOpKinds} * kMaxShades;

}  // namespace stagecraft
