#include "sim/report/selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace stagecraft {

namespace {

/// The first index in `range` for which `holds` is false; `holds` must not become true again after it.
template <class Holds>
std::size_t first_without(IndexRange range, Holds holds) {
  while (range.first < range.last) {
    const std::size_t middle = range.first + range.size() / 2;
    if (holds(middle)) {
      range.first = middle + 1;
    } else {
      range.last = middle;
    }
  }
  return range.first;
}

/// The part of `all` that overlaps the window; starts and ends must not decrease with the index.
template <class Start, class End>
IndexRange overlapping(IndexRange all, const Selection& selection, Start start, End end) {
  const auto first = first_without(
      all, [&](std::size_t i) { return end(i) <= selection.from && start(i) < selection.from; });
  const auto last = first_without({first, all.last}, [&](std::size_t i) { return start(i) < selection.to; });
  return {first, last};
}

}  // namespace

bool cuts(const Timeline& timeline, const Selection& selection) {
  return selection.from > TimePoint{0} || selection.to < timeline.makespan ||
         shown_ranks(timeline, selection).size() < static_cast<std::size_t>(timeline.ranks());
}

IndexRange shown_ranks(const Timeline& timeline, const Selection& selection) {
  const int first = std::max(selection.first_rank, 0);
  const int last = std::min(selection.last_rank, timeline.ranks() - 1);
  if (first > last) return {};
  return {static_cast<std::size_t>(first), static_cast<std::size_t>(last) + 1};
}

IndexRange shown_ops(const Timeline& timeline, std::size_t rank, const Selection& selection) {
  return overlapping(
      {timeline.begin[rank], timeline.begin[rank + 1]}, selection,
      [&](std::size_t i) { return timeline.start[i]; }, [&](std::size_t i) { return timeline.end[i]; });
}

std::span<const Bubble> shown_bubbles(const Timeline& timeline, std::size_t rank,
                                      const Selection& selection) {
  const auto& all = timeline.bubbles;
  const auto first = first_without({0, all.size()}, [&](std::size_t i) { return all[i].rank < rank; });
  const auto last = first_without({first, all.size()}, [&](std::size_t i) { return all[i].rank == rank; });
  const auto range = overlapping(
      {first, last}, selection, [&](std::size_t i) { return all[i].start; },
      [&](std::size_t i) { return all[i].end; });
  return std::span(all).subspan(range.first, range.size());
}

std::size_t rank_of(const Timeline& timeline, std::size_t op) {
  const auto after = std::upper_bound(timeline.begin.begin(), timeline.begin.end(), op);
  return static_cast<std::size_t>(std::distance(timeline.begin.begin(), after)) - 1;
}

std::string rank_name(const Timeline& timeline, std::size_t rank) {
  if (rank < timeline.rank_names.size() && !timeline.rank_names[rank].empty())
    return timeline.rank_names[rank];
  return fmt::format("rank {}", rank);
}

}  // namespace stagecraft
