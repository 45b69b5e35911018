#pragma once

#include <string>

#include "sim/report/selection.h"
#include "sim/report/text.h"

namespace stagecraft {

/// How a timeline is drawn.
struct SvgOptions {
  Selection selection{};
  std::string title{};     ///< in the first line and for screen readers, such as "1F1B"
  std::string subtitle{};  ///< such as "4 ranks, 8 micro-batches"; the makespan is added
  std::string counter{};   ///< the Counter drawn as curves, such as "activations"; empty: none
  bool transfers = true;   ///< arrows between rows, where there are few enough
  int width = 1000;        ///< of the picture in pixels, at least 300
  int max_boxes = 10'000;  ///< above it, boxes are merged into columns
};

/// Draws `timeline` as an SVG Gantt chart: a row per rank, a box per op coloured by kind (Okabe and Ito's
/// palette, lighter for later chunks) with its micro-batch, idle stretches hatched by cause, a time axis and
/// a legend of what is present. Boxes have tooltips (op, start, end). Same timeline, same bytes.
///
/// Where there are more than max_boxes boxes, boxes under half a pixel, or more than 256 ranks, time is cut
/// into columns, and each shows the share of time that every kind and cause has in it; above 256 ranks a row
/// stands for several. The picture then says so below its title.
void write_svg(const Timeline& timeline, const SvgOptions& options, TextSink& sink);

}  // namespace stagecraft
