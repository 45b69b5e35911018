#include "sim/report/svg_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace stagecraft {

namespace {

constexpr std::size_t kMaxRows = 256;
constexpr std::size_t kMaxCurveRows = 32;
constexpr std::size_t kMaxArrows = 400;
constexpr double kMinTickDistance = 70;

double row_height_for(std::size_t rows) {
  if (rows <= 8) return 26;
  if (rows <= 16) return 20;
  if (rows <= 32) return 15;
  if (rows <= 64) return 10;
  return std::max(3.0, 640.0 / static_cast<double>(rows));
}

double label_width(const Timeline& timeline, const SvgContents& contents) {
  double widest = 40;
  for (std::size_t rank = contents.ranks.first; rank < contents.ranks.last; ++rank) {
    widest = std::max(widest, text_width(rank_name(timeline, rank), kFontSize));
  }
  return std::min(widest, 140.0);
}

void place_times(const Timeline& timeline, const Selection& selection, SvgLayout& layout) {
  layout.from = std::max(selection.from, TimePoint{0});
  layout.to = std::max(std::min(selection.to, timeline.makespan), layout.from + Duration{1});
  layout.unit = time_unit(layout.to - layout.from);
}

std::string columns_note(const SvgLayout& layout, const SvgContents& contents) {
  std::string note = fmt::format("{} ops: each column of {:.1f} px shows the share of time of every kind",
                                 contents.ops, layout.plot_width() / layout.columns);
  if (layout.ranks_per_row > 1) note += fmt::format("; a row stands for {} ranks", layout.ranks_per_row);
  return note;
}

void place_rows(const SvgOptions& options, const SvgContents& contents, SvgLayout& layout) {
  const std::size_t ranks = contents.ranks.size();
  layout.ranks_per_row = std::max<std::size_t>(1, (ranks + kMaxRows - 1) / kMaxRows);
  layout.rows = (ranks + layout.ranks_per_row - 1) / layout.ranks_per_row;
  layout.row_height = row_height_for(layout.rows);

  const double room = layout.plot_width() * static_cast<double>(ranks);
  layout.boxes = layout.ranks_per_row == 1 && contents.boxes <= static_cast<std::size_t>(options.max_boxes) &&
                 static_cast<double>(contents.ops) * 0.5 <= room;
  if (layout.boxes) return;
  const int affordable = 2 * options.max_boxes / static_cast<int>(std::max<std::size_t>(layout.rows, 1));
  layout.columns = std::clamp(affordable, 50, static_cast<int>(layout.plot_width() / 4));
  layout.note = columns_note(layout, contents);
}

void place_gaps(const Timeline& timeline, const SvgOptions& options, const CounterPeak& peak,
                SvgLayout& layout) {
  const bool curves = peak.present && layout.rows <= kMaxCurveRows && layout.ranks_per_row == 1;
  if (peak.present) (curves ? layout.curve_height : layout.strip_height) = curves ? 18 : 36;
  layout.arrows = options.transfers && layout.boxes && !curves && layout.rows <= 16 &&
                  !timeline.transfers.empty() && timeline.transfers.size() <= kMaxArrows;
  const double gap = layout.arrows ? 12 : layout.rows <= 32 ? 4 : layout.rows <= 64 ? 2 : 0;
  layout.row_pitch = layout.row_height + gap + (curves ? layout.curve_height + 4 : 0);
}

void place_vertically(const SvgOptions& options, SvgLayout& layout) {
  double y = kMargin;
  if (!options.title.empty()) y = layout.title_y = y + kTitleSize - 3;
  y = layout.subtitle_y = y + (options.title.empty() ? kFontSize : 19);
  if (!layout.note.empty()) y = layout.note_y = y + 16;
  layout.rows_top = y + 13;
  y = layout.rows_bottom() + 5;
  if (layout.strip_height > 0) {
    layout.strip_top = y + 4;
    y = layout.strip_top + layout.strip_height + 5;
  }
  layout.axis_y = y;
  layout.legend_y = y + 60;
}

}  // namespace

double tick_label_width(TimePoint to, TimeUnit unit) {
  std::string longest;
  append_to(longest, in_unit(to, unit));
  return text_width(longest, kFontSize);
}

std::vector<TimePoint> time_ticks(TimePoint first, TimePoint last, TimeUnit unit, double width) {
  const double span = static_cast<double>((last - first).count());
  const double distance = std::max(kMinTickDistance, tick_label_width(last, unit) + 16);

  std::int64_t step = 1;
  for (int turn = 0; static_cast<double>(step) / span * width < distance; ++turn) {
    if (step > std::numeric_limits<std::int64_t>::max() / 10) break;
    step = turn % 3 == 1 ? step / 2 * 5 : step * 2;
  }
  std::vector<TimePoint> ticks;
  const std::int64_t from = first.count(), to = last.count();
  for (std::int64_t tick = from + (step - from % step) % step; tick <= to; tick += step) {
    ticks.emplace_back(tick);
    if (tick > std::numeric_limits<std::int64_t>::max() - step) break;
  }
  return ticks;
}

double SvgLayout::x(TimePoint time) const {
  const TimePoint inside = std::clamp(time, from, to);
  return plot_left + plot_width() * (static_cast<double>((inside - from).count()) /
                                     static_cast<double>((to - from).count()));
}

double SvgLayout::rows_bottom() const {
  if (rows == 0) return rows_top;
  return row_y(rows - 1) + row_height + (curve_height > 0 ? curve_height + 4 : 0);
}

CounterPeak counter_peak(const Timeline& timeline, const SvgOptions& options) {
  CounterPeak peak;
  const IndexRange ranks = shown_ranks(timeline, options.selection);
  for (const Counter& counter : timeline.counters) {
    if (options.counter.empty() || counter.name != options.counter || !ranks.contains(counter.rank)) continue;
    peak.present = true;
    peak.unit = counter.unit;
    for (const auto& sample : counter.samples) peak.value = std::max(peak.value, sample.value);
  }
  return peak;
}

SvgLayout svg_layout(const Timeline& timeline, const SvgOptions& options, const SvgContents& contents,
                     const CounterPeak& peak) {
  SvgLayout layout;
  layout.width = std::max(options.width, 300);
  place_times(timeline, options.selection, layout);
  const double half_tick = tick_label_width(layout.to, layout.unit) / 2;
  layout.plot_left = std::max(kMargin + label_width(timeline, contents) + 8, half_tick + kMargin);
  const double peak_label =
      peak.present ? text_width("peak " + value_text(peak.value, peak.unit), kFontSize) : 0;
  layout.plot_right = layout.width - kMargin - std::max({10.0, peak_label + 8, half_tick});
  layout.ticks = time_ticks(layout.from, layout.to, layout.unit, layout.plot_width());
  place_rows(options, contents, layout);
  place_gaps(timeline, options, peak, layout);
  place_vertically(options, layout);
  return layout;
}

}  // namespace stagecraft
