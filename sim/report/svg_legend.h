#pragma once

#include <string>
#include <vector>

#include "sim/report/svg_rows.h"

namespace stagecraft {

/// A sample of what is drawn, with its name, at its place.
struct LegendEntry {
  std::vector<std::string> classes;  ///< of the swatch's parts, from left to right
  std::string label;
  double x = 0;
  int line = 0;
};

/// What the picture shows, and nothing that it does not: kinds, chunks, causes, the counter. Laid out from
/// left to right in as many lines as it takes.
std::vector<LegendEntry> legend(const SvgScene& scene);

void draw_legend(const SvgScene& scene, const std::vector<LegendEntry>& entries, TextWriter& out);

}  // namespace stagecraft
