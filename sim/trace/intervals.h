#pragma once

#include <vector>

#include "base/units.h"

namespace stagecraft {

/// A half-open stretch of time: [start, end).
struct Interval {
  TimePoint start{0};
  TimePoint end{0};
  bool operator==(const Interval&) const = default;
};

/// A set of moments: intervals in order of time, none empty, no two that touch. What the functions below
/// return, and what they take where nothing else is said.
using Intervals = std::vector<Interval>;

/// The moments that lie in any of `intervals`, in whatever order those are. O(n log n).
Intervals united(std::vector<Interval> intervals);

/// The moments in both. O(n + m).
Intervals common(const Intervals& a, const Intervals& b);

/// The moments of `a` that are not in `b`. O(n + m).
Intervals without(const Intervals& a, const Intervals& b);

/// The sum of the lengths. REQUIRES: it fits a Duration.
Duration length(const Intervals& intervals);

}  // namespace stagecraft
