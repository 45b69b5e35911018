#pragma once

#include <string>
#include <vector>

#include "sim/report/text.h"

namespace stagecraft {

/// A measured call: arithmetic intensity in FLOP per byte of device memory, and what it reached in FLOP/s.
/// Both > 0.
struct RooflineDot {
  double intensity = 0;
  double flops_per_s = 0;
};

/// Dots of one colour.
struct RooflineSeries {
  std::string name;
  std::vector<RooflineDot> dots;
};

/// A peak of arithmetic, drawn from the memory's roof to the right.
struct RooflinePeak {
  std::string name;  ///< "bf16, fp16"
  double flops_per_s = 0;
};

/// What is drawn.
struct RooflinePicture {
  std::string title{};     ///< in the first line and for screen readers
  std::string subtitle{};  ///< below it
  double bytes_per_s = 0;  ///< the memory's bandwidth; 0: not known, no roofs
  std::vector<RooflinePeak> peaks{};
  std::vector<RooflineSeries> series{};  ///< at most seven, or colours repeat
  int width = 1000;                      ///< in pixels, at least 480
};

/// Draws measured calls under the roofs of their device as SVG: both axes logarithmic, a colour per series
/// (Okabe and Ito's palette), a legend. Dots that fall on one spot are drawn once, the darker the more there
/// are, so that a file has no more dots than the picture has room for. Same picture, same bytes.
/// Source: Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009.
void write_roofline(const RooflinePicture& picture, TextSink& sink);

}  // namespace stagecraft
