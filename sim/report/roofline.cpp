#include "sim/report/roofline.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "sim/report/roofline_layout.h"
#include "sim/report/svg_page.h"
#include "sim/report/svg_palette.h"
#include "sim/report/svg_text.h"

namespace stagecraft {

namespace {

constexpr double kTera = 1e12;

/// How dots are drawn: few ones large, many ones small and so that their crowds show.
struct DotStyle {
  std::size_t most;  ///< dots of the picture
  double size;       ///< pixels
  std::array<std::string_view, kDotShades> opacities;
};

constexpr std::array kDotStyles = {
    DotStyle{500, 6, {".8", ".9", "1"}}, DotStyle{5000, 4, {".55", ".75", ".95"}},
    DotStyle{std::numeric_limits<std::size_t>::max(), kDotCell, {".38", ".62", ".9"}}};

/// What the drawing functions look at.
struct Scene {
  const RooflinePicture& picture;
  const RooflineLayout& layout;
  const DotStyle& dots;
};

std::size_t dots_of(const RooflinePicture& picture) {
  std::size_t count = 0;
  for (const RooflineSeries& series : picture.series) count += series.dots.size();
  return count;
}

const DotStyle& dot_style(const RooflinePicture& picture) {
  return *std::find_if(kDotStyles.begin(), kDotStyles.end(),
                       [count = dots_of(picture)](const DotStyle& style) { return count <= style.most; });
}

std::string description(const RooflinePicture& picture) {
  return fmt::format("Roofline: achieved TFLOP/s over arithmetic intensity of {} measured calls. {}",
                     dots_of(picture), picture.subtitle);
}

void write_style(const Scene& scene, TextWriter& out) {
  out.put(".e{text-anchor:end}.c{text-anchor:middle}\n",
          ".l{stroke:#e4e4e4;fill:none}.f{stroke:#f3f3f3;fill:none}.x{stroke:#555;fill:none}\n",
          ".r{stroke:#333;stroke-width:1.4;fill:none}.h{stroke:#fff;stroke-width:3;paint-order:stroke}\n",
          ".d{fill:none;stroke-linecap:round;stroke-width:", Px{scene.dots.size}, "}\n");
  for (std::size_t i = 0; i < scene.picture.series.size(); ++i)
    out.put(".d", i, "{stroke:", series_colour(i), "}.g", i, "{fill:", series_colour(i), "}\n");
  out.put("</style>\n");
}

void write_head(const Scene& scene, double height, TextWriter& out) {
  const std::string& title = scene.picture.title;
  const SvgPage page{scene.layout.width, height, title.empty() ? "Roofline" : title,
                     description(scene.picture)};
  begin_svg(page, out);
  write_style(scene, out);
  write_ground(page, out);
  if (!title.empty()) write_title(page, scene.layout.title_y, title, out);
  write_subtitle(page, scene.layout.subtitle_y, scene.picture.subtitle, out);
}

void write_grid(const Scene& scene, TextWriter& out) {
  const RooflineLayout& at = scene.layout;
  const auto lines = [&](std::string_view style, const auto& xs, const auto& ys) {
    out.put("<path class=\"", style, "\" d=\"");
    for (const double x : xs) out.put('M', Px{at.x.at(x)}, ' ', Px{at.top()}, 'V', Px{at.bottom()});
    for (const double y : ys) out.put('M', Px{at.left()}, ' ', Px{at.y.at(y)}, 'H', Px{at.right()});
    out.put("\"/>\n");
  };
  lines("f", at.x.between_decades(), at.y.between_decades());
  lines("l", at.x.decades(), at.y.decades());
}

/// A power of ten without an exponent: 0.001, 1000.
std::string number_text(double power) {
  int digits = 0;
  for (double value = power; value < 0.99; value *= 10) ++digits;
  return fmt::format("{:.{}f}", power, digits);
}

void write_axes(const Scene& scene, TextWriter& out) {
  const RooflineLayout& at = scene.layout;
  out.put("<path class=\"x\" d=\"M", Px{at.left()}, ' ', Px{at.top()}, 'V', Px{at.bottom()}, 'H',
          Px{at.right()});
  for (const double x : at.x.decades()) out.put('M', Px{at.x.at(x)}, ' ', Px{at.bottom()}, "v4");
  for (const double y : at.y.decades()) out.put('M', Px{at.left()}, ' ', Px{at.y.at(y)}, "h-4");
  out.put("\"/>\n");
  for (const double x : at.x.decades())
    out.put("<text class=\"c\" x=\"", Px{at.x.at(x)}, "\" y=\"", Px{at.bottom() + 16}, "\">", number_text(x),
            "</text>\n");
  for (const double y : at.y.decades())
    out.put("<text class=\"e\" x=\"", Px{at.left() - 8}, "\" y=\"", Px{at.y.at(y) + kFontSize * 0.36}, "\">",
            number_text(y), "</text>\n");
  out.put("<text class=\"c\" x=\"", Px{(at.left() + at.right()) / 2}, "\" y=\"", Px{at.bottom() + 32},
          "\">arithmetic intensity (FLOP per byte of device memory)</text>\n");
  const double middle = (at.top() + at.bottom()) / 2;
  out.put("<text class=\"c\" x=\"", Px{kMargin + 8}, "\" y=\"", Px{middle}, "\" transform=\"rotate(-90 ",
          Px{kMargin + 8}, ' ', Px{middle}, ")\">achieved TFLOP/s</text>\n");
}

/// Stroked dots of no length: a few bytes each.
void write_dots(const Scene& scene, std::size_t index, TextWriter& out) {
  const std::vector<DotCell> cells = dot_cells(scene.picture.series[index], scene.layout);
  for (int shade = 0; shade < kDotShades; ++shade) {
    bool any = false;
    for (const DotCell& cell : cells) {
      if (cell.shade != shade) continue;
      if (!any)
        out.put("<path class=\"d d", index, "\" stroke-opacity=\"",
                scene.dots.opacities[static_cast<std::size_t>(shade)], "\" d=\"");
      any = true;
      out.put('M', Px{cell.x}, ' ', Px{cell.y}, "h0");
    }
    if (any) out.put("\"/>\n");
  }
}

/// Large series first, so that small ones are not hidden.
std::vector<std::size_t> drawing_order(const RooflinePicture& picture) {
  std::vector<std::size_t> order(picture.series.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return picture.series[a].dots.size() > picture.series[b].dots.size();
  });
  return order;
}

std::string peak_text(const RooflinePeak& peak) {
  return fmt::format("{} {:.4g} TFLOP/s", peak.name, peak.flops_per_s / kTera);
}

void write_peak(const Scene& scene, const RooflinePeak& peak, TextWriter& out) {
  const RooflineLayout& at = scene.layout;
  const double y = at.y.at(peak.flops_per_s / kTera);
  const double corner = std::max(at.x.at(peak.flops_per_s / scene.picture.bytes_per_s), at.left());
  out.put("<path class=\"r\" d=\"M", Px{corner}, ' ', Px{y}, 'H', Px{at.right()}, "\"/>\n",
          "<text class=\"e h\" x=\"", Px{at.right() - 4}, "\" y=\"", Px{y - 5}, "\">",
          XmlText{peak_text(peak)}, "</text>\n");
}

/// The memory's roof, up to the highest peak, and its name along it.
void write_memory_roof(const Scene& scene, double highest, TextWriter& out) {
  const RooflineLayout& at = scene.layout;
  const double slope = scene.picture.bytes_per_s / kTera;  // TFLOP/s at an intensity of 1
  const double from = std::max(at.x.least, at.y.least / slope);
  const double to = std::min(highest / scene.picture.bytes_per_s, at.x.most);
  const double x0 = at.x.at(from), y0 = at.y.at(from * slope), x1 = at.x.at(to), y1 = at.y.at(to * slope);
  out.put("<path class=\"r\" d=\"M", Px{x0}, ' ', Px{y0}, 'L', Px{x1}, ' ', Px{y1}, "\"/>\n");
  const double length = std::sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
  const double cosine = (x1 - x0) / length, sine = (y1 - y0) / length;
  const auto ratio = [](double value) { return Decimal{std::llround(value * 1e5), 5}; };
  // Along the line and a little above it, from its lower third on.
  out.put("<text class=\"h\" transform=\"matrix(", ratio(cosine), ' ', ratio(sine), ' ', ratio(-sine), ' ',
          ratio(cosine), ' ', Px{x0 + (x1 - x0) * 0.3 + 6 * sine}, ' ', Px{y0 + (y1 - y0) * 0.3 - 6 * cosine},
          ")\">memory ", fmt::format("{:.4g} TB/s", slope), "</text>\n");
}

void write_roofs(const Scene& scene, TextWriter& out) {
  const RooflinePicture& picture = scene.picture;
  if (picture.bytes_per_s <= 0 || picture.peaks.empty()) return;
  double highest = 0;
  for (const RooflinePeak& peak : picture.peaks) highest = std::max(highest, peak.flops_per_s);
  write_memory_roof(scene, highest, out);
  for (const RooflinePeak& peak : picture.peaks) write_peak(scene, peak, out);
}

/// Returns the baseline of the last line.
double write_legend(const Scene& scene, TextWriter& out) {
  double x = scene.layout.left();
  double y = scene.layout.legend_y;
  for (std::size_t i = 0; i < scene.picture.series.size(); ++i) {
    const RooflineSeries& series = scene.picture.series[i];
    const std::string label = fmt::format("{} ({})", series.name, with_commas(series.dots.size()));
    const double width = 16 + text_width(label, kFontSize) + 14;
    if (x + width > scene.layout.right() && x > scene.layout.left()) {
      x = scene.layout.left();
      y += kLegendLine;
    }
    out.put("<circle class=\"g", i, "\" cx=\"", Px{x + 5}, "\" cy=\"", Px{y - 4}, "\" r=\"5\"/><text x=\"",
            Px{x + 16}, "\" y=\"", Px{y}, "\">", XmlText{label}, "</text>\n");
    x += width;
  }
  return y;
}

}  // namespace

void write_roofline(const RooflinePicture& picture, TextSink& sink) {
  const RooflineLayout layout = roofline_layout(picture);
  const Scene scene{picture, layout, dot_style(picture)};
  StringSink legend;
  TextWriter legend_out(legend);
  const double bottom = write_legend(scene, legend_out);
  legend_out.flush();

  TextWriter out(sink);
  write_head(scene, bottom + kMargin, out);
  write_grid(scene, out);
  for (const std::size_t series : drawing_order(picture)) write_dots(scene, series, out);
  write_roofs(scene, out);
  write_axes(scene, out);
  out.put(legend.text, "</svg>\n");
  out.flush();
}

}  // namespace stagecraft
