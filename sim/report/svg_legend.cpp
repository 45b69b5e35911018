#include "sim/report/svg_legend.h"

#include <fmt/format.h>

namespace stagecraft {

namespace {

constexpr double kSwatchHeight = 11;
constexpr double kSwatchPart = 14;

double swatch_width(const LegendEntry& entry) {
  return kSwatchPart * static_cast<double>(entry.classes.size());
}

std::vector<LegendEntry> entries_for(const SvgScene& scene) {
  const SvgContents& contents = scene.contents;
  std::vector<LegendEntry> entries;
  for (const OpKindInfo& kind : op_kinds()) {
    if (!contents.kinds[static_cast<std::size_t>(kind.kind)]) continue;
    std::string name;
    append_to(name, BoxClassName{box_class(kind.kind, 0)});
    entries.push_back({.classes = {name}, .label = std::string(kind.name)});
  }
  if (contents.chunks > 1) {
    LegendEntry shades{.classes = {}, .label = fmt::format("chunks 0–{} of a rank", contents.chunks - 1)};
    for (int shade = 0; shade < contents.lightness_steps; ++shade)
      shades.classes.push_back(fmt::format("g{}", shade));
    entries.push_back(shades);
  }
  for (const BubbleCauseInfo& cause : bubble_causes()) {
    if (!contents.causes[static_cast<std::size_t>(cause.cause)]) continue;
    entries.push_back({.classes = {fmt::format("b{}", static_cast<int>(cause.cause))},
                       .label = fmt::format("idle: {}", cause.name)});
  }
  if (scene.peak.present) {
    entries.push_back({.classes = {"m"},
                       .label = fmt::format("{}, up to {}", scene.options.counter,
                                            value_text(scene.peak.value, scene.peak.unit))});
  }
  return entries;
}

}  // namespace

std::vector<LegendEntry> legend(const SvgScene& scene) {
  std::vector<LegendEntry> entries = entries_for(scene);
  const double right = scene.layout.width - kMargin;
  const double left = scene.layout.width < 500 ? kMargin : scene.layout.plot_left;
  double x = left;
  int line = 0;
  for (LegendEntry& entry : entries) {
    entry.label = fit_text(entry.label, kFontSize, right - left - swatch_width(entry) - 6);
    const double width = swatch_width(entry) + 6 + text_width(entry.label, kFontSize);
    if (x + width > right && x > left) {
      x = left;
      ++line;
    }
    entry.x = x;
    entry.line = line;
    x += width + 14;
  }
  return entries;
}

void draw_legend(const SvgScene& scene, const std::vector<LegendEntry>& entries, TextWriter& out) {
  for (const LegendEntry& entry : entries) {
    const double baseline = scene.layout.legend_y + entry.line * kLegendLine;
    double x = entry.x;
    for (const std::string& part : entry.classes) {
      out.put("<rect class=\"", part, "\" x=\"", Px{x}, "\" y=\"", Px{baseline - kSwatchHeight + 1},
              "\" width=\"", Px{kSwatchPart}, "\" height=\"", Px{kSwatchHeight}, "\"/>");
      x += kSwatchPart;
    }
    out.put("<text x=\"", Px{x + 6}, "\" y=\"", Px{baseline}, "\">", XmlText{entry.label}, "</text>\n");
  }
}

}  // namespace stagecraft
