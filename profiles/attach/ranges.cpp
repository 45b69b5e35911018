#include "profiles/attach/ranges.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "profiles/attach/operator_name.h"

namespace stagecraft {

namespace {

/// A program that opens ranges in a loop and closes none must not fill the memory with names.
constexpr std::size_t kLongestPath = 1000;

using MarksById = std::map<std::uint32_t, std::vector<const RangeMark*>>;

/// The marks of one id in the order in which they were set.
void sort_marks(std::vector<const RangeMark*>& marks) {
  std::stable_sort(marks.begin(), marks.end(), [](auto* a, auto* b) {
    return std::tie(a->time_ns, a->kind) < std::tie(b->time_ns, b->kind);
  });
}

void pair_one_id(const std::vector<const RangeMark*>& marks, std::vector<Range>& ranges,
                 std::size_t& unmatched) {
  bool is_open = false;
  bool sure = true;
  for (const RangeMark* mark : marks) {
    if (mark->kind == RangeMark::Kind::Start) {
      // Two at once: nobody knows which of them the next end is of.
      if (is_open) ranges.back().end_ns = mark->time_ns;
      sure = !is_open;
      ranges.push_back({.thread = mark->thread, .start_ns = mark->time_ns, .name = mark->name});
      is_open = true;
    } else if (is_open) {
      ranges.back().end_ns = mark->time_ns;
      ranges.back().whole = sure;
      is_open = false;
    } else {
      ++unmatched;
    }
  }
}

}  // namespace

std::vector<Range> pair_marks(const std::vector<RangeMark>& marks, std::size_t& unmatched) {
  MarksById by_id;
  for (const RangeMark& mark : marks) by_id[mark.id].push_back(&mark);
  std::vector<Range> ranges;
  for (auto& [id, of_id] : by_id) {
    sort_marks(of_id);
    pair_one_id(of_id, ranges, unmatched);
  }
  // Stable, so that of two equal ranges the one with the smaller id, which began first, is the outer one.
  std::stable_sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::tie(a.thread, a.start_ns, b.end_ns) < std::tie(b.thread, b.start_ns, a.end_ns);
  });
  return ranges;
}

RangeStacks::RangeStacks(std::vector<Range> ranges) : ranges_(std::move(ranges)), paths_(ranges_.size()) {}

std::vector<std::size_t> RangeStacks::innermost(const std::vector<Moment>& moments) {
  std::vector<std::size_t> order(moments.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto place = [](const auto& at, std::uint64_t time) { return std::pair(at.thread, time); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return place(moments[a], moments[a].time_ns) < place(moments[b], moments[b].time_ns);
  });
  std::vector<std::size_t> result(moments.size(), kNone);
  std::vector<std::size_t> stack;
  std::size_t next = 0;
  for (const std::size_t at : order) {
    const Moment& moment = moments[at];
    while (next < ranges_.size() &&
           place(ranges_[next], ranges_[next].start_ns) <= place(moment, moment.time_ns))
      open(next++, stack);
    std::erase_if(stack, [&](std::size_t range) {
      return ranges_[range].thread != moment.thread || ranges_[range].end_ns <= moment.time_ns;
    });
    if (!stack.empty()) result[at] = stack.back();
  }
  return result;
}

void RangeStacks::open(std::size_t range, std::vector<std::size_t>& stack) {
  const Range& opened = ranges_[range];
  std::erase_if(stack, [&](std::size_t other) {
    return ranges_[other].thread != opened.thread || ranges_[other].end_ns <= opened.start_ns;
  });
  std::string path = stack.empty() ? std::string() : paths_[stack.back()] + "/";
  if (path.size() > kLongestPath) path = ".../";
  paths_[range] = path + operator_name(opened.name);
  stack.push_back(range);
}

}  // namespace stagecraft
