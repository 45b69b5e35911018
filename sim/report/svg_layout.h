#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/report/svg.h"
#include "sim/report/svg_contents.h"
#include "sim/report/svg_text.h"

namespace stagecraft {

/// Where everything is, in pixels from the top left corner.
struct SvgLayout {
  TimePoint from{0};  ///< the time at plot_left
  TimePoint to{1};    ///< the time at plot_right; later than `from`
  TimeUnit unit{};
  std::vector<TimePoint> ticks;

  double width = 0;
  double plot_left = 0;
  double plot_right = 0;
  double title_y = 0;     ///< baseline; unused without a title
  double subtitle_y = 0;  ///< baseline
  double note_y = 0;      ///< baseline; unused without a note
  double rows_top = 0;
  double row_height = 0;
  double row_pitch = 0;     ///< from the top of a row to that of the next
  double curve_height = 0;  ///< of the counter's curve below each row; 0: none
  double strip_top = 0;     ///< of the one curve for all ranks
  double strip_height = 0;  ///< 0: none
  double axis_y = 0;
  double legend_y = 0;  ///< baseline of its first line

  std::size_t rows = 0;
  std::size_t ranks_per_row = 1;
  bool boxes = true;  ///< a box per op; false: columns with shares
  int columns = 0;    ///< where boxes is false
  bool arrows = false;
  std::string note;  ///< what was reduced; empty: nothing

  double x(TimePoint time) const;
  double plot_width() const { return plot_right - plot_left; }
  double row_y(std::size_t row) const { return rows_top + static_cast<double>(row) * row_pitch; }
  double rows_bottom() const;
};

inline constexpr double kFontSize = 11;
inline constexpr double kTitleSize = 15;
inline constexpr double kMargin = 14;
inline constexpr double kLegendLine = 19;

/// The widest label that a time axis up to `to` can have.
double tick_label_width(TimePoint to, TimeUnit unit);

/// Ticks of a time axis of `width` pixels at multiples of 1, 2 or 5 times a power of ten, the densest whose
/// labels do not touch. A label may have more decimals than that of the last moment; there is room for that.
/// REQUIRES: from < to.
std::vector<TimePoint> time_ticks(TimePoint from, TimePoint to, TimeUnit unit, double width);

/// The highest value of the counter named in the options over the shown ranks, with its unit.
struct CounterPeak {
  std::int64_t value = 0;
  std::string unit;
  bool present = false;
};
CounterPeak counter_peak(const Timeline& timeline, const SvgOptions& options);

/// Places everything; the legend is the last part, and as long as it is.
SvgLayout svg_layout(const Timeline& timeline, const SvgOptions& options, const SvgContents& contents,
                     const CounterPeak& peak);

}  // namespace stagecraft
