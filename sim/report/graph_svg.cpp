#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/report/graph.h"
#include "sim/report/graph_layout.h"
#include "sim/report/svg_layout.h"
#include "sim/report/svg_page.h"
#include "sim/report/svg_palette.h"
#include "sim/report/svg_text.h"

namespace stagecraft {

namespace {

constexpr double kSmallText = 10;
constexpr double kLeastWidth = 90, kMostWidth = 210;  // of a box
constexpr double kTextInset = 8;
constexpr double kLeastPicture = 420, kMostSubtitle = 700;  // width of all
constexpr GraphSizes kDotSizes{.node_width = 9, .node_height = 9, .pitch = 17, .gap = 5, .trunk_width = 2};
/// Dots of the first and of the last level, and in the middle.
constexpr Colour kFirst{0x00, 0x72, 0xB2}, kMiddle{0x00, 0x9E, 0x73}, kLast{0xE6, 0x9F, 0x00};

/// What the drawing functions look at.
struct Scene {
  const GraphPicture& picture;
  const GraphSizes& sizes;
  const GraphLayout& layout;
  bool boxes;
  double left, top, width;

  double x(int vertex) const { return left + layout.vertices[static_cast<std::size_t>(vertex)].x; }
  double y(int vertex) const {  // of its upper side
    return top + layout.vertices[static_cast<std::size_t>(vertex)].level * sizes.pitch;
  }
};

/// Boxes as wide as the longest text wants.
GraphSizes sizes_of(const GraphPicture& picture) {
  if (picture.nodes.size() > kMostGraphBoxes) return kDotSizes;
  double width = kLeastWidth;
  for (const GraphPictureNode& node : picture.nodes)
    width = std::max({width, text_width(node.label, kFontSize) + 2 * kTextInset,
                      text_width(node.detail, kSmallText) + 2 * kTextInset});
  return {
      .node_width = std::min(width, kMostWidth), .node_height = 36, .pitch = 62, .gap = 14, .trunk_width = 4};
}

Colour mix(Colour a, Colour b, double share) {
  const auto channel = [&](std::uint8_t from, std::uint8_t to) {
    return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
  };
  return {channel(a.red, b.red), channel(a.green, b.green), channel(a.blue, b.blue)};
}

Colour level_colour(int level, int levels) {
  const double share = levels > 1 ? 2.0 * level / (levels - 1) : 0;
  return share < 1 ? mix(kFirst, kMiddle, share) : mix(kMiddle, kLast, share - 1);
}

void write_style(const Scene& scene, TextWriter& out) {
  out.put(".d{font-size:", Px{kSmallText},
          "px;fill:#555}\n.e{fill:none;stroke:#8a8f94;stroke-width:", Px{scene.boxes ? 1.2 : 0.7},
          "}.b{fill:#f6f6f6;stroke:#777}.n{fill:#777}\n");
  for (std::size_t i = 0; i < std::min(scene.picture.groups.size(), kSeriesColours); ++i)
    out.put(".b", i, "{fill:", lighten(series_colour(i), 0.86), ";stroke:", series_colour(i), "}.n", i,
            "{fill:", series_colour(i), "}\n");
  out.put("</style>\n");
}

void write_head(const Scene& scene, double height, TextWriter& out) {
  const GraphPicture& picture = scene.picture;
  const SvgPage page{scene.width, height, picture.title.empty() ? "Graph" : picture.title,
                     fmt::format("Graph of {} nodes and {} edges. {}", with_commas(picture.nodes.size()),
                                 with_commas(picture.edges.size()), picture.subtitle)};
  begin_svg(page, out);
  write_style(scene, out);
  if (scene.boxes)
    out.put(
        "<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" "
        "markerHeight=\"6\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#8a8f94\"/></marker></defs>\n");
  write_ground(page, out);
  write_title(page, kMargin + kTitleSize - 3, picture.title, out);
  write_subtitle(page, kMargin + kTitleSize + 16, picture.subtitle, out);
}

/// From the lower side of a vertex to the upper side of another and, where that is a passing, through it.
void write_segment(const Scene& scene, const GraphSegment& segment, TextWriter& out) {
  const double x0 = scene.x(segment.from), y0 = scene.y(segment.from) + scene.sizes.node_height;
  const double x1 = scene.x(segment.to), y1 = scene.y(segment.to);
  out.put('M', Px{x0}, ' ', Px{y0});
  if (std::abs(x1 - x0) < 0.5) {
    out.put('V', Px{y1});
  } else {
    const double bend = (scene.sizes.pitch - scene.sizes.node_height) * 0.6;
    out.put('C', Px{x0}, ' ', Px{y0 + bend}, ' ', Px{x1}, ' ', Px{y1 - bend}, ' ', Px{x1}, ' ', Px{y1});
  }
  if (segment.to >= scene.layout.nodes) out.put('V', Px{y1 + scene.sizes.node_height});
}

/// Those that end in a node have an arrow, which needs a path of its own.
void write_edges(const Scene& scene, TextWriter& out) {
  out.put("<path class=\"e\" d=\"");
  for (const GraphSegment& segment : scene.layout.segments)
    if (!scene.boxes || segment.to >= scene.layout.nodes) write_segment(scene, segment, out);
  out.put("\"/>\n");
  if (!scene.boxes) return;
  out.put("<g class=\"e\">\n");
  for (const GraphSegment& segment : scene.layout.segments) {
    if (segment.to >= scene.layout.nodes) continue;
    out.put("<path marker-end=\"url(#a)\" d=\"");
    write_segment(scene, segment, out);
    out.put("\"/>\n");
  }
  out.put("</g>\n");
}

/// The number of a group's style, as text: nothing for none.
std::string style_of(int group) {
  return group < 0 ? "" : std::to_string(static_cast<std::size_t>(group) % kSeriesColours);
}

std::string title_of(const GraphPictureNode& node) {
  if (!node.title.empty()) return node.title;
  return node.detail.empty() ? node.label : node.label + ", " + node.detail;
}

void write_box(const Scene& scene, int v, TextWriter& out) {
  const GraphPictureNode& node = scene.picture.nodes[static_cast<std::size_t>(v)];
  const double width = scene.sizes.node_width, height = scene.sizes.node_height;
  const double x = scene.x(v) - width / 2, y = scene.y(v), room = width - 2 * kTextInset;
  out.put("<g><title>", XmlText{title_of(node)}, "</title><rect class=\"b", style_of(node.group), "\" x=\"",
          Px{x}, "\" y=\"", Px{y}, "\" width=\"", Px{width}, "\" height=\"", Px{height}, "\" rx=\"4\"/>");
  if (node.weight > 0)
    out.put("<rect class=\"n", style_of(node.group), "\" x=\"", Px{x + kTextInset}, "\" y=\"",
            Px{y + height - 4.5}, "\" width=\"", Px{std::max(1.0, room * std::min(node.weight, 1.0))},
            "\" height=\"2.5\"/>");
  out.put("<text x=\"", Px{x + kTextInset}, "\" y=\"", Px{y + (node.detail.empty() ? 20 : 14.5)}, "\">",
          XmlText{fit_text(node.label, kFontSize, room)}, "</text>");
  if (!node.detail.empty())
    out.put("<text class=\"d\" x=\"", Px{x + kTextInset}, "\" y=\"", Px{y + 27}, "\">",
            XmlText{fit_text(node.detail, kSmallText, room)}, "</text>");
  out.put("</g>\n");
}

/// Dots are the larger the heavier.
void write_dot(const Scene& scene, int v, TextWriter& out) {
  const GraphPictureNode& node = scene.picture.nodes[static_cast<std::size_t>(v)];
  const Colour colour =
      node.group >= 0
          ? series_colour(static_cast<std::size_t>(node.group))
          : level_colour(scene.layout.vertices[static_cast<std::size_t>(v)].level, scene.layout.levels);
  out.put("<circle cx=\"", Px{scene.x(v)}, "\" cy=\"", Px{scene.y(v) + scene.sizes.node_height / 2},
          "\" r=\"", Px{2.2 + 2.8 * std::sqrt(std::clamp(node.weight, 0.0, 1.0))}, "\" fill=\"", colour,
          "\"/>\n");
}

/// Returns the baseline of the last line.
double write_legend(const Scene& scene, double y, TextWriter& out) {
  double x = kMargin;
  for (std::size_t i = 0; i < scene.picture.groups.size(); ++i) {
    const double width = 30 + text_width(scene.picture.groups[i], kFontSize);
    if (x > kMargin && x + width > scene.width - kMargin) {
      x = kMargin;
      y += kLegendLine;
    }
    out.put("<rect class=\"b", i % kSeriesColours, "\" x=\"", Px{x}, "\" y=\"", Px{y - 10},
            "\" width=\"11\" height=\"11\" rx=\"2\"/><text x=\"", Px{x + 16}, "\" y=\"", Px{y}, "\">",
            XmlText{scene.picture.groups[i]}, "</text>\n");
    x += width;
  }
  return y;
}

}  // namespace

void write_graph_svg(const GraphPicture& picture, TextSink& sink) {
  const GraphSizes sizes = sizes_of(picture);
  const GraphLayout layout = graph_layout(picture, sizes);
  const double text = std::min(text_width(picture.subtitle, kFontSize) + 2 * kMargin, kMostSubtitle);
  const double width = std::max({kLeastPicture, text, layout.width + 2 * kMargin});
  const Scene scene{.picture = picture,
                    .sizes = sizes,
                    .layout = layout,
                    .boxes = picture.nodes.size() <= kMostGraphBoxes,
                    .left = (width - layout.width) / 2,
                    .top = kMargin + kTitleSize + 36,
                    .width = width};
  const double bottom = scene.top + (layout.levels - 1) * sizes.pitch + sizes.node_height;
  StringSink legend;
  TextWriter legend_out(legend);
  const double end = picture.groups.empty() ? bottom : write_legend(scene, bottom + 30, legend_out);
  legend_out.flush();

  TextWriter out(sink);
  write_head(scene, end + kMargin, out);
  write_edges(scene, out);
  for (int v = 0; v < layout.nodes; ++v) scene.boxes ? write_box(scene, v, out) : write_dot(scene, v, out);
  out.put(legend.text, "</svg>\n");
  out.flush();
}

}  // namespace stagecraft
