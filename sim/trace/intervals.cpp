#include "sim/trace/intervals.h"

#include <algorithm>

namespace stagecraft {

Intervals united(std::vector<Interval> intervals) {
  std::erase_if(intervals, [](const Interval& i) { return i.end <= i.start; });
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.start < b.start; });
  Intervals result;
  for (const Interval& interval : intervals) {
    if (result.empty() || interval.start > result.back().end)
      result.push_back(interval);
    else
      result.back().end = std::max(result.back().end, interval.end);
  }
  return result;
}

Intervals common(const Intervals& a, const Intervals& b) {
  Intervals result;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const Interval both{std::max(a[i].start, b[j].start), std::min(a[i].end, b[j].end)};
    if (both.start < both.end) result.push_back(both);
    a[i].end < b[j].end ? ++i : ++j;
  }
  return result;
}

Intervals without(const Intervals& a, const Intervals& b) {
  Intervals result;
  std::size_t j = 0;
  for (const Interval& interval : a) {
    TimePoint from = interval.start;
    while (j < b.size() && b[j].end <= from) ++j;
    for (std::size_t k = j; k < b.size() && b[k].start < interval.end; ++k) {
      if (from < b[k].start) result.push_back({from, b[k].start});
      from = b[k].end;
    }
    if (from < interval.end) result.push_back({from, interval.end});
  }
  return result;
}

Duration length(const Intervals& intervals) {
  Duration sum{0};
  for (const Interval& interval : intervals) sum += interval.end - interval.start;
  return sum;
}

}  // namespace stagecraft
