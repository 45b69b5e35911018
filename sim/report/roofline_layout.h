#pragma once

#include <vector>

#include "sim/report/roofline.h"
#include "sim/report/svg_layout.h"

namespace stagecraft {

/// A logarithmic axis: where values lie between two ends, in pixels.
struct LogAxis {
  double least = 1;  ///< the value at pixel `from`, > 0
  double most = 10;  ///< at pixel `to`, > least
  double from = 0;
  double to = 1;

  double at(double value) const;
  /// Powers of ten within the axis.
  std::vector<double> decades() const;
  /// 2 to 9 times those, as far as they are within the axis.
  std::vector<double> between_decades() const;
};

/// Where everything is, in pixels from the top left corner.
struct RooflineLayout {
  double width = 0;
  LogAxis x;  ///< FLOP per byte
  LogAxis y;  ///< TFLOP/s, upwards
  double title_y = 0;
  double subtitle_y = 0;
  double legend_y = 0;  ///< baseline of its first line

  double left() const { return x.from; }
  double right() const { return x.to; }
  double top() const { return y.to; }
  double bottom() const { return y.from; }
};

/// Axes that hold every dot and the corners of the roofs.
RooflineLayout roofline_layout(const RooflinePicture& picture);

/// The dots of a series that fall into one cell of the picture.
struct DotCell {
  double x = 0;
  double y = 0;
  int shade = 0;  ///< 0 .. kDotShades - 1, darker with more dots
};
inline constexpr int kDotShades = 3;
inline constexpr double kDotCell = 3;  ///< pixels

/// In the order of columns, then rows.
std::vector<DotCell> dot_cells(const RooflineSeries& series, const RooflineLayout& layout);

}  // namespace stagecraft
