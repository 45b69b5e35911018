// BPipe. Kim et al., "BPipe: Memory-Balanced Pipeline Parallelism for Training Large Language Models", ICML
// 2023. Rank s of 1F1B holds p - s activations; s and p - 1 - s together p + 1. So each first-half rank sends
// what is too much for half of that to its partner and fetches it back in time.
#include <algorithm>
#include <vector>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// An op and when it starts if every op takes one slot and hops none.
struct Slot {
  Op op;
  std::int64_t at = 0;
};
using Slots = std::vector<std::vector<Slot>>;  // by rank

/// When the ops of 1F1B start. O(ops).
Slots unit_times(const Schedule& schedule, int microbatches) {
  const auto ranks = static_cast<std::size_t>(schedule.ranks());
  const auto count = static_cast<std::size_t>(microbatches);
  std::vector<std::int64_t> forward(ranks * count, -1), backward(ranks * count, -1);  // ends
  Slots slots(ranks);
  std::vector<std::int64_t> free(ranks, 0);
  const auto input = [&](const Op& op) -> std::int64_t {
    const bool ahead = op.kind == OpKind::Forward;
    if (ahead && op.stage == 0) return 0;
    if (ahead) return forward[(op.stage - 1u) * count + op.microbatch];
    if (op.stage + 1u == ranks) return forward[op.stage * count + op.microbatch];
    return backward[(op.stage + 1u) * count + op.microbatch];
  };
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t r = 0; r < ranks; ++r) {
      const std::span<const Op> ops = schedule.rank(static_cast<int>(r));
      while (slots[r].size() < ops.size() && input(ops[slots[r].size()]) >= 0) {
        const Op& op = ops[slots[r].size()];
        const std::int64_t start = std::max(free[r], input(op));
        slots[r].push_back({op, start});
        free[r] = start + 1;
        (op.kind == OpKind::Forward ? forward : backward)[r * count + op.microbatch] = free[r];
        progress = true;
      }
    }
  }
  return slots;
}

/// Puts evictions into a rank's list. Those whose backward is farthest off go, which moves the fewest.
class Evictor {
 public:
  Evictor(const std::vector<Slot>& slots, int most) : slots_(slots), most_(static_cast<std::size_t>(most)) {}

  /// The list with Evict and Fetch; the same ops as Host and Return, with their times, go to `hosted`.
  std::vector<Slot> run(std::vector<Slot>& hosted) {
    for (const Slot& slot : slots_) {
      if (slot.op.kind == OpKind::Forward)
        forward(slot, hosted);
      else
        backward(slot, hosted);
    }
    return std::move(result_);
  }

 private:
  void forward(const Slot& slot, std::vector<Slot>& hosted) {
    while (here_.size() >= most_) {
      move(here_.back(), OpKind::Evict, OpKind::Host, slot.at, hosted);
      away_.push_back(here_.back());
      here_.pop_back();
    }
    here_.push_back(slot.op);
    result_.push_back(slot);
  }
  /// The room that a backward leaves is for the next one that is away: it has until its backward to come.
  void backward(const Slot& slot, std::vector<Slot>& hosted) {
    result_.push_back(slot);
    here_.erase(here_.begin());
    if (away_.empty() || (!here_.empty() && here_.front().microbatch < away_.front().microbatch)) return;
    move(away_.front(), OpKind::Fetch, OpKind::Return, slot.at + 1, hosted);
    here_.insert(here_.begin(), away_.front());
    away_.erase(away_.begin());
  }
  void move(Op op, OpKind here, OpKind there, std::int64_t at, std::vector<Slot>& hosted) {
    op.kind = here;
    result_.push_back({op, at});
    op.kind = there;
    hosted.push_back({op, at});
  }

  const std::vector<Slot>& slots_;
  std::size_t most_;
  std::vector<Slot> result_;
  std::vector<Op> here_;  // forwards whose backward is to come, the next one first; so is away_
  std::vector<Op> away_;
};

}  // namespace

Schedule bpipe(const ScheduleShape& shape) {
  const int p = shape.ranks;
  const int most = (p + 3) / 2;
  Slots slots = unit_times(one_f_one_b(shape), shape.microbatches);
  std::vector<std::vector<Slot>> hosted(slots.size());
  for (int r = 0; p - r > most; ++r)
    slots[static_cast<std::size_t>(r)] =
        Evictor(slots[static_cast<std::size_t>(r)], most).run(hosted[static_cast<std::size_t>(p - 1 - r)]);
  Schedule schedule;
  for (std::size_t r = 0; r < slots.size(); ++r) {
    std::vector<Slot> merged;
    std::merge(hosted[r].begin(), hosted[r].end(), slots[r].begin(), slots[r].end(),
               std::back_inserter(merged), [](const Slot& a, const Slot& b) { return a.at < b.at; });
    for (const Slot& slot : merged) schedule.ops.push_back(slot.op);
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
