#pragma once

#include "sim/report/svg_layout.h"
#include "sim/report/text.h"

namespace stagecraft {

/// What the drawing functions look at.
struct SvgScene {
  const Timeline& timeline;
  const SvgOptions& options;
  const SvgContents& contents;
  const SvgLayout& layout;
  const CounterPeak& peak;
};

/// The class name of boxes of a kind and shade, such as "k1s0".
struct BoxClassName {
  std::size_t box_class;
};
void append_to(std::string& to, BoxClassName name);

/// A row per rank with a box per op and bubble.
void draw_boxes(const SvgScene& scene, TextWriter& out);

/// Rows of columns, each with the share of time that every kind and cause has in it.
void draw_columns(const SvgScene& scene, TextWriter& out);

/// Arrows from the row of the producer to that of the consumer, over the time on the link.
void draw_arrows(const SvgScene& scene, TextWriter& out);

/// The counter as a curve below each row, or the highest of all ranks in one strip.
void draw_counters(const SvgScene& scene, TextWriter& out);

}  // namespace stagecraft
