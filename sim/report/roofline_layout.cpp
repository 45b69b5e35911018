#include "sim/report/roofline_layout.h"

#include <algorithm>
#include <limits>
#include <map>

#include "base/random.h"

namespace stagecraft {

namespace {

constexpr double kPlotHeight = 470;
constexpr double kTera = 1e12;

struct Span {
  double least = std::numeric_limits<double>::max();
  double most = 0;

  void add(double value) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
};

/// The largest of 1, 2 and 5 times a power of ten that is not above `value`.
double round_down(double value) {
  double power = 1;
  while (power > value) power /= 10;
  while (power * 10 <= value) power *= 10;
  return value >= 5 * power ? 5 * power : value >= 2 * power ? 2 * power : power;
}

/// The smallest of them that is not below it.
double round_up(double value) {
  const double below = round_down(value);
  for (const double factor : {1.0, 2.0, 2.5})
    if (below * factor >= value && round_down(below * factor) == below * factor) return below * factor;
  return round_down(value * 2.5);
}

void place_x(const RooflinePicture& picture, LogAxis& axis) {
  Span span;
  for (const RooflineSeries& series : picture.series)
    for (const RooflineDot& dot : series.dots) span.add(dot.intensity);
  if (picture.bytes_per_s > 0)  // behind the farthest corner there is room for the names of the roofs
    for (const RooflinePeak& peak : picture.peaks) span.add(4 * peak.flops_per_s / picture.bytes_per_s);
  if (span.most == 0) span.add(1);
  axis.least = round_down(span.least / 1.2);
  axis.most = std::max(round_up(span.most * 1.2), 10 * axis.least);
}

void place_y(const RooflinePicture& picture, LogAxis& axis) {
  Span span;
  for (const RooflineSeries& series : picture.series)
    for (const RooflineDot& dot : series.dots) span.add(dot.flops_per_s / kTera);
  for (const RooflinePeak& peak : picture.peaks) span.add(1.5 * peak.flops_per_s / kTera);
  if (span.most == 0) span.add(1);
  axis.least = round_down(span.least / 1.2);
  axis.most = std::max(round_up(span.most * 1.05), 10 * axis.least);
}

}  // namespace

double LogAxis::at(double value) const {
  return from + (to - from) * portable_log2(value / least) / portable_log2(most / least);
}

std::vector<double> LogAxis::decades() const {
  std::vector<double> values;
  double power = 1;
  while (power > least) power /= 10;
  while (power < least * (1 - 1e-9)) power *= 10;
  for (; power <= most * (1 + 1e-9); power *= 10) values.push_back(power);
  return values;
}

std::vector<double> LogAxis::between_decades() const {
  std::vector<double> values;
  double power = 1;
  while (power > least) power /= 10;
  for (; power < most; power *= 10)
    for (int digit = 2; digit < 10; ++digit)
      if (digit * power >= least && digit * power <= most) values.push_back(digit * power);
  return values;
}

RooflineLayout roofline_layout(const RooflinePicture& picture) {
  RooflineLayout layout;
  layout.width = std::max(picture.width, 480);
  double y = kMargin;
  if (!picture.title.empty()) y = layout.title_y = y + kTitleSize - 3;
  y = layout.subtitle_y = y + (picture.title.empty() ? kFontSize : 19);
  layout.x.from = kMargin + 58;
  layout.x.to = layout.width - kMargin - 10;
  layout.y.to = y + 16;
  layout.y.from = layout.y.to + kPlotHeight;
  place_x(picture, layout.x);
  place_y(picture, layout.y);
  layout.legend_y = layout.y.from + 60;
  return layout;
}

std::vector<DotCell> dot_cells(const RooflineSeries& series, const RooflineLayout& layout) {
  std::map<std::pair<int, int>, int> counts;
  for (const RooflineDot& dot : series.dots) {
    const int column = static_cast<int>((layout.x.at(dot.intensity) - layout.left()) / kDotCell);
    const int row = static_cast<int>((layout.y.at(dot.flops_per_s / kTera) - layout.top()) / kDotCell);
    ++counts[{column, row}];
  }
  std::vector<DotCell> cells;
  for (const auto& [cell, count] : counts)
    cells.push_back({layout.left() + (cell.first + 0.5) * kDotCell,
                     layout.top() + (cell.second + 0.5) * kDotCell,
                     count >= 8   ? 2
                     : count >= 3 ? 1
                                  : 0});
  return cells;
}

}  // namespace stagecraft
