#include "sim/report/lanes.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/svg_layout.h"
#include "sim/report/svg_page.h"

namespace stagecraft {

namespace {

constexpr double kSwatch = 14;

struct LaneLayout {
  TimePoint from{0};
  TimePoint to{1};
  TimeUnit unit{};
  double width = 0;
  double left = 0;
  double right = 0;
  double row_height = 0;
  std::vector<double> tops{};  ///< of the lanes
  double rows_top = 0;
  double axis_y = 0;
  std::size_t left_out = 0;  ///< lanes

  double x(TimePoint time) const {
    return left + (right - left) * (static_cast<double>((std::clamp(time, from, to) - from).count()) /
                                    static_cast<double>((to - from).count()));
  }
};

double row_height_for(std::size_t lanes) {
  return lanes <= 16 ? 20 : lanes <= 48 ? 14 : std::max(3.0, 640.0 / static_cast<double>(lanes));
}

void place_times(const LanePicture& picture, LaneLayout& layout) {
  layout.to = TimePoint::min();
  for (const Lane& lane : picture.lanes) {
    for (const LaneBox& box : lane.boxes) {
      layout.from = std::min(layout.from, box.start);
      layout.to = std::max(layout.to, box.end);
    }
  }
  layout.to = std::max(layout.to, layout.from + Duration{1});
  layout.unit = time_unit(layout.to - layout.from);
}

double label_width(const LanePicture& picture) {
  double widest = 40;
  for (const Lane& lane : picture.lanes) widest = std::max(widest, text_width(lane.name, kFontSize));
  return std::min(widest, 190.0);
}

LaneLayout layout_of(const LanePicture& picture) {
  LaneLayout layout;
  place_times(picture, layout);
  const std::size_t lanes = std::min(picture.lanes.size(), kMostLanes);
  layout.left_out = picture.lanes.size() - lanes;
  const double half_tick = tick_label_width(layout.to, layout.unit) / 2;
  layout.width = std::max(picture.width, 300);
  layout.left = std::max(kMargin + label_width(picture) + 8, half_tick + kMargin);
  layout.right = layout.width - kMargin - std::max(10.0, half_tick);
  layout.row_height = row_height_for(lanes);
  double y = layout.rows_top = kMargin + kTitleSize - 3 + 19 + (layout.left_out > 0 ? 16 : 0) + 13;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    if (lane > 0 && picture.lanes[lane].starts_group) y += std::min(10.0, layout.row_height / 2);
    layout.tops.push_back(y);
    y += layout.row_height + (lanes <= 64 ? 3 : 0);
  }
  layout.axis_y = y + 5;
  return layout;
}

class LaneDrawer {
 public:
  LaneDrawer(const LanePicture& picture, TextSink& sink)
      : picture_(picture), layout_(layout_of(picture)), used_(picture.styles.size()), out_(sink) {
    for (std::size_t lane = 0; lane < layout_.tops.size(); ++lane)
      for (const LaneBox& box : picture.lanes[lane].boxes) used_[box.style] = true;
    place_legend();
  }

  void draw() {
    write_head();
    write_grid();
    for (std::size_t lane = 0; lane < layout_.tops.size(); ++lane) write_lane(lane);
    write_axis();
    write_legend();
    out_.put("</svg>\n");
    out_.flush();
  }

 private:
  struct Entry {
    std::size_t style;
    double x;
    int line;
  };

  void place_legend() {
    double x = layout_.left;
    int line = 0;
    for (std::size_t style = 0; style < picture_.styles.size(); ++style) {
      if (!used_[style]) continue;
      const double width = kSwatch + 6 + text_width(picture_.styles[style].name, kFontSize);
      if (x + width > layout_.width - kMargin && x > layout_.left) x = layout_.left, ++line;
      legend_.push_back({style, x, line});
      x += width + 14;
    }
  }

  double height() const {
    return layout_.axis_y + 60 + (legend_.empty() ? 0 : legend_.back().line) * kLegendLine + kMargin;
  }

  void write_head() {
    const SvgPage page{layout_.width, height(), picture_.title,
                       "Gantt chart, row by row over time. " + picture_.subtitle};
    begin_svg(page, out_);
    write_style();
    write_definitions();
    write_ground(page, out_);
    const double first = kMargin + kTitleSize - 3;
    write_title(page, first, picture_.title, out_);
    write_subtitle(page, first + 19, picture_.subtitle, out_);
    if (layout_.left_out > 0)
      write_subtitle(page, first + 35, fmt::format("{} more rows are left out", layout_.left_out), out_);
  }

  void write_style() {
    out_.put(".e{text-anchor:end}.c{text-anchor:middle}\n",
             ".n{text-anchor:middle;pointer-events:none;font-size:",
             Px{std::min(kFontSize, layout_.row_height * 0.62)},
             "px}.w{fill:#fff}\n.r{fill:#fafafa}.l{stroke:#e4e4e4;fill:none}.x{stroke:#555;fill:none}\n");
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]) continue;
      out_.put(".k", i, "{fill:");
      if (picture_.styles[i].hatched)
        out_.put("url(#h", i, ")}\n");
      else
        out_.put(picture_.styles[i].fill, "}\n");
    }
    out_.put("</style>\n");
  }

  void write_definitions() {
    out_.put("<defs>\n");
    for (std::size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i] || !picture_.styles[i].hatched) continue;
      const Hatch& look = picture_.styles[i].hatch;
      out_.put("<pattern id=\"h", i,
               "\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><path fill=\"", look.tint,
               "\" d=\"M0 0h6v6H0z\"/><path stroke=\"", look.stroke, "\" d=\"", look.path,
               "\"/></pattern>\n");
    }
    out_.put("</defs>\n");
  }

  void write_grid() {
    ticks_ = time_ticks(layout_.from, layout_.to, layout_.unit, layout_.right - layout_.left);
    out_.put("<path class=\"r\" d=\"");
    for (const double top : layout_.tops)
      out_.put('M', Px{layout_.left}, ' ', Px{top}, 'H', Px{layout_.right}, 'v', Px{layout_.row_height}, 'H',
               Px{layout_.left}, 'z');
    out_.put("\"/>\n<path class=\"l\" d=\"");
    for (const TimePoint tick : ticks_)
      out_.put('M', Px{layout_.x(tick)}, ' ', Px{layout_.rows_top - 3}, 'V', Px{layout_.axis_y});
    out_.put("\"/>\n");
  }

  void write_lane(std::size_t index) {
    const Lane& lane = picture_.lanes[index];
    if (layout_.row_height >= kFontSize)
      out_.put("<text class=\"e\" x=\"", Px{layout_.left - 8}, "\" y=\"",
               Px{layout_.tops[index] + layout_.row_height / 2 + kFontSize * 0.36}, "\">",
               XmlText{fit_text(lane.name, kFontSize, layout_.left - 8 - kMargin)}, "</text>\n");
    out_.put("<g transform=\"translate(0,", Px{layout_.tops[index]}, ")\">\n");
    for (std::size_t i = 0; i < lane.boxes.size();) i = write_boxes(lane.boxes, i);
    out_.put("</g>\n");
  }

  bool is_narrow(const LaneBox& box) const { return layout_.x(box.end) - layout_.x(box.start) < 1; }

  /// Writes the box `first` with those behind it that it cannot be told from. Returns the next one.
  std::size_t write_boxes(const std::vector<LaneBox>& boxes, std::size_t first) {
    TimePoint end = boxes[first].end;
    std::size_t next = first + 1;
    while (next < boxes.size() && boxes[next].style == boxes[first].style &&
           (is_narrow(boxes[next - 1]) || is_narrow(boxes[next])) &&
           layout_.x(boxes[next].start) - layout_.x(end) < 0.5)
      end = std::max(end, boxes[next++].end);
    write_box(boxes[first], end, next - first);
    return next;
  }

  void write_box(const LaneBox& box, TimePoint end, std::size_t count) {
    const double left = layout_.x(box.start), right = layout_.x(end);
    out_.put("<rect x=\"", Px{left}, "\" width=\"", Px{std::max(right - left, 0.3)}, "\" height=\"",
             Px{layout_.row_height}, "\" class=\"k", box.style, "\"><title>");
    if (count > 1)
      out_.put(with_commas(count), " x ", XmlText{picture_.styles[box.style].name});
    else
      out_.put(XmlText{box.title});
    out_.put(", ", in_unit(box.start, layout_.unit), "–", in_unit(end, layout_.unit), ' ', layout_.unit.name,
             "</title></rect>\n");
    const double size = std::min(kFontSize, layout_.row_height * 0.62);
    if (count > 1 || box.label.empty() || size < 6 || text_width(box.label, size) + 3 > right - left) return;
    const bool white =
        !picture_.styles[box.style].hatched && wants_white_text(picture_.styles[box.style].fill);
    out_.put("<text class=\"", white ? "n w" : "n", "\" x=\"", Px{(left + right) / 2}, "\" y=\"",
             Px{layout_.row_height / 2 + size * 0.36}, "\">", XmlText{box.label}, "</text>\n");
  }

  void write_axis() {
    out_.put("<path class=\"x\" d=\"M", Px{layout_.left}, ' ', Px{layout_.axis_y}, 'H', Px{layout_.right});
    for (const TimePoint tick : ticks_) out_.put('M', Px{layout_.x(tick)}, ' ', Px{layout_.axis_y}, "v4");
    out_.put("\"/>\n");
    for (const TimePoint tick : ticks_)
      out_.put("<text class=\"c\" x=\"", Px{layout_.x(tick)}, "\" y=\"", Px{layout_.axis_y + 16}, "\">",
               in_unit(tick, layout_.unit), "</text>\n");
    out_.put("<text class=\"c\" x=\"", Px{(layout_.left + layout_.right) / 2}, "\" y=\"",
             Px{layout_.axis_y + 32}, "\">time (", layout_.unit.name, ")</text>\n");
  }

  void write_legend() {
    for (const Entry& entry : legend_) {
      const double baseline = layout_.axis_y + 60 + entry.line * kLegendLine;
      out_.put("<rect class=\"k", entry.style, "\" x=\"", Px{entry.x}, "\" y=\"", Px{baseline - 10},
               "\" width=\"", Px{kSwatch}, "\" height=\"11\"/><text x=\"", Px{entry.x + kSwatch + 6},
               "\" y=\"", Px{baseline}, "\">", XmlText{picture_.styles[entry.style].name}, "</text>\n");
    }
  }

  const LanePicture& picture_;
  LaneLayout layout_;
  std::vector<bool> used_;
  std::vector<Entry> legend_;
  std::vector<TimePoint> ticks_;
  TextWriter out_;
};

}  // namespace

void write_lanes_svg(const LanePicture& picture, TextSink& sink) {
  LaneDrawer(picture, sink).draw();
}

}  // namespace stagecraft
