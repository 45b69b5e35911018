#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/units.h"
#include "sim/report/svg_palette.h"
#include "sim/report/text.h"

namespace stagecraft {

/// How boxes look that mean the same, and what they are called in the legend.
struct LaneStyle {
  std::string name{};
  Colour fill{};
  bool hatched = false;
  Hatch hatch{};  ///< where it is hatched
};

/// A stretch of a lane: [start, end).
struct LaneBox {
  TimePoint start{0};
  TimePoint end{0};
  std::size_t style = 0;  ///< index into LanePicture::styles
  std::string label{};    ///< written into the box where it fits
  std::string title{};    ///< what it is, where the mouse is; its times are added
};

/// A row of boxes, in order of their start; a later box covers an earlier one.
struct Lane {
  std::string name{};
  std::vector<LaneBox> boxes{};
  bool starts_group = false;  ///< leaves some room to the lane above
};

/// Anything that happens over time, row by row: what write_svg() is for a Timeline, for other rows.
struct LanePicture {
  std::string title{};
  std::string subtitle{};
  std::vector<LaneStyle> styles{};
  std::vector<Lane> lanes{};
  int width = 1000;  ///< in pixels, at least 300
};

/// Lanes that are drawn; what is more is left out, and the picture says so.
inline constexpr std::size_t kMostLanes = 256;

/// Draws the lanes over one time axis, from 0 or the first start to the last end, with a legend of the styles
/// that occur. Neighbours of one style that are narrower than a pixel and closer than half a pixel become one
/// box, since files of 10^5 boxes open slowly. Same picture, same bytes. O(boxes).
void write_lanes_svg(const LanePicture& picture, TextSink& sink);

}  // namespace stagecraft
