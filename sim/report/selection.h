#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "sim/timeline/timeline.h"

namespace stagecraft {

/// The part of a timeline that a report shows: the ranks first_rank .. last_rank (both included, cut to
/// those there are), and what overlaps the window [from, to). What overlaps is shown whole, not cut.
struct Selection {
  TimePoint from{0};
  TimePoint to = TimePoint::max();
  int first_rank = 0;
  int last_rank = std::numeric_limits<int>::max();
};

/// Whether [start, end) overlaps the window; an interval without length counts as its start.
constexpr bool in_window(const Selection& selection, TimePoint start, TimePoint end) {
  return start < selection.to && (end > selection.from || start >= selection.from);
}

/// Whether the selection leaves out a rank or a time of `timeline`.
bool cuts(const Timeline& timeline, const Selection& selection);

/// A half-open range of indexes.
struct IndexRange {
  std::size_t first = 0;
  std::size_t last = 0;

  std::size_t size() const { return last - first; }
  bool contains(std::size_t index) const { return first <= index && index < last; }
};

/// The selected ranks that `timeline` has.
IndexRange shown_ranks(const Timeline& timeline, const Selection& selection);

/// The ops of `rank` that overlap the window, as indexes into Timeline::ops. O(log n).
IndexRange shown_ops(const Timeline& timeline, std::size_t rank, const Selection& selection);

/// The bubbles of `rank` that overlap the window. O(log n).
std::span<const Bubble> shown_bubbles(const Timeline& timeline, std::size_t rank, const Selection& selection);

/// The rank that runs the op with this index. O(log ranks).
std::size_t rank_of(const Timeline& timeline, std::size_t op);

/// What the timeline calls the rank: its name, or "rank N".
std::string rank_name(const Timeline& timeline, std::size_t rank);

}  // namespace stagecraft
