#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/report/text.h"

namespace stagecraft {

/// One thing with two qualities.
struct ScatterPoint {
  double x = 0;  ///< less is better, >= 0
  double y = 0;  ///< more is better, >= 0
  std::string label;
  bool on_front = false;  ///< no other point is better in one of them and as good in the other
};

/// What is drawn.
struct ScatterPicture {
  std::string title{};
  std::string subtitle{};
  std::string x_label{};  ///< with its unit
  std::string y_label{};
  std::vector<ScatterPoint> points{};
  std::optional<double> x_limit{};  ///< a vertical line: what there is of x
  std::string x_limit_label{};
  int width = 1000;  ///< in pixels, at least 480
};

/// Draws points with their labels as SVG, linear axes, and through those on the front a line in steps: what
/// of y can be had for an x. Labels that would cover another one are left out; every point has its label as a
/// tooltip. Same picture, same bytes. O(points^2). REQUIRES: a point, and finite numbers of at least 0: an
/// axis has no place for others.
void write_scatter(const ScatterPicture& picture, TextSink& sink);

}  // namespace stagecraft
