#include "sim/report/svg.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quantity.h"
#include "sim/report/svg_legend.h"
#include "sim/report/svg_page.h"
#include "sim/report/svg_palette.h"
#include "sim/report/svg_rows.h"

namespace stagecraft {

namespace {

std::string subtitle(const SvgScene& scene) {
  const SvgLayout& layout = scene.layout;
  const Timeline& timeline = scene.timeline;
  std::string text = scene.options.subtitle;
  if (!text.empty()) text += ", ";
  text += "makespan " + to_text(timeline.makespan);
  if (layout.from > TimePoint{0} || layout.to < timeline.makespan) {
    append_to(text += ", shown from ", in_unit(layout.from, layout.unit));
    append_to(text += " to ", in_unit(layout.to, layout.unit));
    (text += " ") += layout.unit.name;
  }
  const IndexRange ranks = scene.contents.ranks;
  if (ranks.size() < static_cast<std::size_t>(timeline.ranks()) && ranks.size() > 0) {
    text += fmt::format(", ranks {}–{} of {}", ranks.first, ranks.last - 1, timeline.ranks());
  }
  return text;
}

/// For readers that cannot see the picture.
std::string description(const SvgScene& scene) {
  return fmt::format("Gantt chart, rank by rank over time: {} ops. {}", scene.contents.ops, subtitle(scene));
}

/// Boxes keep a thin white edge while they are wide enough for it.
bool has_edges(const SvgScene& scene) {
  const double room = scene.layout.plot_width() * static_cast<double>(scene.layout.rows);
  return scene.layout.boxes && static_cast<double>(scene.contents.ops) * 3 <= room;
}

void write_style(const SvgScene& scene, TextWriter& out) {
  const SvgContents& contents = scene.contents;
  out.put(".e{text-anchor:end}.c{text-anchor:middle}\n",
          ".n{text-anchor:middle;font-size:", Px{std::min(kFontSize, scene.layout.row_height * 0.62)},
          "px;fill:#000;pointer-events:none}.w{fill:#fff}\n",
          ".r{fill:#fafafa}.l{stroke:#e4e4e4;fill:none}.x{stroke:#555;fill:none}.m{fill:#9aa5b1}\n",
          ".a path{stroke:#333;stroke-width:.8;fill:none;marker-end:url(#arrow)}\n");
  const std::string_view edge = has_edges(scene) ? ";stroke:#fff;stroke-width:.6" : "";
  for (const OpKindInfo& kind : op_kinds()) {
    if (!contents.kinds[static_cast<std::size_t>(kind.kind)]) continue;
    for (int shade = 0; shade < contents.lightness_steps; ++shade) {
      out.put('.', BoxClassName{box_class(kind.kind, shade)},
              "{fill:", fill(kind.kind, shade, contents.lightness_steps), edge, "}\n");
    }
  }
  for (int shade = 0; shade < contents.lightness_steps && contents.chunks > 1; ++shade) {
    out.put(".g", shade, "{fill:", chunk_grey(shade, contents.lightness_steps), "}\n");
  }
  for (int cause = 0; cause < kBubbleCauses; ++cause) {
    if (contents.causes[static_cast<std::size_t>(cause)]) out.put(".b", cause, "{fill:url(#h", cause, ")}\n");
  }
  out.put("</style>\n");
}

void write_definitions(const SvgScene& scene, TextWriter& out) {
  out.put("<defs>\n");
  for (int cause = 0; cause < kBubbleCauses; ++cause) {
    if (!scene.contents.causes[static_cast<std::size_t>(cause)]) continue;
    const Hatch look = hatch(static_cast<BubbleCause>(cause));
    out.put("<pattern id=\"h", cause, "\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">",
            "<path fill=\"", look.tint, "\" d=\"M0 0h6v6H0z\"/><path stroke=\"", look.stroke, "\" d=\"",
            look.path, "\"/></pattern>\n");
  }
  if (scene.layout.arrows) {
    out.put(
        "<marker id=\"arrow\" markerWidth=\"5\" markerHeight=\"4\" refX=\"5\" refY=\"2\" orient=\"auto\" ",
        "markerUnits=\"userSpaceOnUse\"><path d=\"M0 0L5 2L0 4z\" "
        "style=\"fill:#333;stroke:none;marker-end:none\"/>",
        "</marker>\n");
  }
  out.put("</defs>\n");
}

void write_head(const SvgScene& scene, double height, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  const std::string& title = scene.options.title;
  const SvgPage page{layout.width, height, title.empty() ? "Timeline" : title, description(scene)};
  begin_svg(page, out);
  write_style(scene, out);
  write_definitions(scene, out);
  write_ground(page, out);
  if (!title.empty()) write_title(page, layout.title_y, title, out);
  write_subtitle(page, layout.subtitle_y, subtitle(scene), out);
  if (!layout.note.empty()) write_subtitle(page, layout.note_y, layout.note, out);
}

/// As many labels as fit below each other: each row's, or every 2nd, 5th, 10th, ...
std::size_t label_step(const SvgLayout& layout) {
  std::size_t step = 1;
  for (int turn = 0; static_cast<double>(step) * layout.row_pitch < kFontSize + 1; ++turn) {
    step = turn % 3 == 1 ? step / 2 * 5 : step * 2;
  }
  return step;
}

void write_rank_labels(const SvgScene& scene, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  const std::size_t step = label_step(layout);
  for (std::size_t row = 0; row < layout.rows; row += step) {
    const std::string name =
        rank_name(scene.timeline, scene.contents.ranks.first + row * layout.ranks_per_row);
    out.put("<text class=\"e\" x=\"", Px{layout.plot_left - 8}, "\" y=\"",
            Px{layout.row_y(row) + layout.row_height / 2 + kFontSize * 0.36}, "\">",
            XmlText{fit_text(name, kFontSize, layout.plot_left - 8 - kMargin)}, "</text>\n");
  }
}

void write_grid(const SvgScene& scene, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  out.put("<path class=\"r\" d=\"");
  for (std::size_t row = 0; row < layout.rows; ++row) {
    out.put('M', Px{layout.plot_left}, ' ', Px{layout.row_y(row)}, 'H', Px{layout.plot_right}, 'v',
            Px{layout.row_height}, 'H', Px{layout.plot_left}, 'z');
  }
  out.put("\"/>\n<path class=\"l\" d=\"");
  for (const TimePoint tick : layout.ticks) {
    out.put('M', Px{layout.x(tick)}, ' ', Px{layout.rows_top - 3}, 'V', Px{layout.axis_y});
  }
  out.put("\"/>\n");
}

void write_axis(const SvgScene& scene, TextWriter& out) {
  const SvgLayout& layout = scene.layout;
  out.put("<path class=\"x\" d=\"M", Px{layout.plot_left}, ' ', Px{layout.axis_y}, 'H',
          Px{layout.plot_right});
  for (const TimePoint tick : layout.ticks) out.put('M', Px{layout.x(tick)}, ' ', Px{layout.axis_y}, "v4");
  out.put("\"/>\n");
  for (const TimePoint tick : layout.ticks) {
    out.put("<text class=\"c\" x=\"", Px{layout.x(tick)}, "\" y=\"", Px{layout.axis_y + 16}, "\">",
            in_unit(tick, layout.unit), "</text>\n");
  }
  out.put("<text class=\"c\" x=\"", Px{(layout.plot_left + layout.plot_right) / 2}, "\" y=\"",
          Px{layout.axis_y + 32}, "\">time (", layout.unit.name, ")</text>\n");
}

}  // namespace

void write_svg(const Timeline& timeline, const SvgOptions& options, TextSink& sink) {
  const SvgContents contents = svg_contents(timeline, options.selection);
  const CounterPeak peak = counter_peak(timeline, options);
  const SvgLayout layout = svg_layout(timeline, options, contents, peak);
  const SvgScene scene{timeline, options, contents, layout, peak};
  const std::vector<LegendEntry> entries = legend(scene);
  const int lines = entries.empty() ? 0 : entries.back().line;

  TextWriter out(sink);
  write_head(scene, layout.legend_y + lines * kLegendLine + kMargin, out);
  write_grid(scene, out);
  write_rank_labels(scene, out);
  if (layout.arrows) draw_arrows(scene, out);  // first, so that long ones pass behind the rows between
  layout.boxes ? draw_boxes(scene, out) : draw_columns(scene, out);
  draw_counters(scene, out);
  write_axis(scene, out);
  draw_legend(scene, entries, out);
  out.put("</svg>\n");
  out.flush();
}

}  // namespace stagecraft
