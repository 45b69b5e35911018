// Justification. Valls, Ballestin and Quintanilla, "Justification and RCPSP: A technique that pays", European
// Journal of Operational Research 165(2), 2005, for one machine per rank, with memory that steps take and
// give.
#include "planners/order/justify.h"

#include <algorithm>

namespace stagecraft {

namespace {

Ticks hop_from(std::span<const ShopInput> inputs, std::uint32_t stage) {
  for (const ShopInput& input : inputs)
    if (input.stage == stage) return input.hop;
  return 0;
}

}  // namespace

Justifier::Justifier(const Shop& shop)
    : shop_(shop),
      duration_(shop.duration),
      release_(shop.ranks),
      end_(shop.steps()),
      done_(3 * shop.stages),
      ranks_(shop.ranks),
      before_(shop.ranks),
      position_(shop.ranks),
      queue_(shop.ranks) {
  for (Ticks& time : duration_) time = std::max<Ticks>(time, 1);
  make_forward();
  make_backward();
}

/// Ends a step's entry; `change` is what it takes (> 0) when it starts, or gives (< 0) when it ends.
void Justifier::Direction::close(std::int64_t change) {
  begin.push_back(inputs.size());
  taken.push_back(std::max<std::int64_t>(change, 0));
  given.push_back(std::max<std::int64_t>(-change, 0));
}

void Justifier::make_forward() {
  for (std::uint32_t s = 0; s < shop_.stages; ++s) {
    const Step f = 3 * s;
    for (const ShopInput& in : shop_.into_forward(s)) forward_.inputs.push_back({3 * in.stage, in.hop});
    forward_.close(-shop_.freed[f]);
    forward_.inputs.push_back({f, 0});
    for (const ShopInput& in : shop_.into_input(s))
      forward_.inputs.push_back({3 * in.stage + kInput, in.hop});
    forward_.close(-shop_.freed[f + kInput]);
    forward_.inputs.push_back({f + kInput, 0});
    forward_.close(-shop_.freed[f + kWeight]);
  }
}

void Justifier::make_backward() {
  for (std::uint32_t s = 0; s < shop_.stages; ++s) {
    const Step f = 3 * s;
    backward_.inputs.push_back({f + kInput, 0});
    for (const ShopInput& out : shop_.into_input(s))
      backward_.inputs.push_back({3 * out.stage, hop_from(shop_.into_forward(out.stage), s)});
    backward_.close(shop_.freed[f]);
    backward_.inputs.push_back({f + kWeight, 0});
    for (const ShopInput& in : shop_.into_forward(s))
      backward_.inputs.push_back({3 * in.stage + kInput, hop_from(shop_.into_input(in.stage), s)});
    backward_.close(shop_.freed[f + kInput]);
    backward_.close(shop_.freed[f + kWeight]);
  }
}

RankOrders Justifier::round(const RankOrders& orders) {
  time(orders);
  set_deadlines();
  turn_around();
  place_all(backward_);
  turn_around();
  std::fill(release_.begin(), release_.end(), 0);
  place_all(forward_);
  RankOrders result;
  result.steps.reserve(shop_.steps());
  for (const auto& rank : ranks_) {
    for (const Placed& placed : rank) result.steps.push_back(placed.step);
    result.begin.push_back(result.steps.size());
  }
  return result;
}

/// When the order's steps run as early as they can.
void Justifier::time(const RankOrders& orders) {
  std::fill(done_.begin(), done_.end(), 0u);
  for (auto& rank : ranks_) rank.clear();
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t r = 0; r < shop_.ranks; ++r) {
      const auto steps = orders.rank(r);
      while (ranks_[r].size() < steps.size() && time_next(r, steps[ranks_[r].size()])) moved = true;
    }
  }
}

bool Justifier::time_next(std::size_t r, Step step) {
  for (std::size_t k = forward_.begin[step]; k < forward_.begin[step + 1]; ++k)
    if (done_[forward_.inputs[k].step] <= done_[step]) return false;
  const Ticks free = ranks_[r].empty() ? 0 : ranks_[r].back().end;
  const Ticks start = std::max(free, ready(forward_, step));
  ranks_[r].push_back({.start = start, .end = start + duration_[step], .step = step});
  end_[step * shop_.microbatches + done_[step]++] = start + duration_[step];
  return true;
}

/// Ranks may end late by what keeps the objective.
void Justifier::set_deadlines() {
  Ticks span = 0;
  Ticks makespan = 0;
  for (const auto& rank : ranks_) {
    span = std::max(span, rank.back().end - rank.front().start);
    makespan = std::max(makespan, rank.back().end);
  }
  horizon_ = 0;
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    const bool by_span = shop_.objective == OrderObjective::Span;
    release_[r] = -(by_span ? ranks_[r].front().start + span : makespan);
    horizon_ = std::max(horizon_, -release_[r]);
  }
  for (Ticks& release : release_) release += horizon_;
}

/// Reverses time in the schedule at hand and makes it the one to justify.
void Justifier::turn_around() {
  std::swap(before_, ranks_);
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    ranks_[r].clear();
    std::reverse(before_[r].begin(), before_[r].end());
    for (Placed& placed : before_[r]) {
      std::swap(placed.start, placed.end);
      placed.start = horizon_ - placed.start;
      placed.end = horizon_ - placed.end;
    }
  }
}

/// Places the steps of `before_` by their start there. Every step finds its old place free, or one before.
void Justifier::place_all(const Direction& direction) {
  std::fill(done_.begin(), done_.end(), 0u);
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    position_[r] = 0;
    queue_.set(r, before_[r].front().start);
  }
  while (queue_.first_time() < kNever) {
    const std::size_t r = queue_.first();
    place_next(direction, before_[r][position_[r]++].step);
    queue_.set(r, position_[r] < before_[r].size() ? before_[r][position_[r]].start : kNever);
  }
}

void Justifier::place_next(const Direction& direction, Step step) {
  const Ticks start = place(direction, step, ready(direction, step));
  end_[step * shop_.microbatches + done_[step]++] = start + duration_[step];
}

/// When the step's next micro-batch has its inputs, and its stage has done the one before.
Ticks Justifier::ready(const Direction& direction, Step step) const {
  const std::size_t m = shop_.microbatches;
  const std::size_t j = done_[step];
  Ticks time = release_[shop_.rank_of[stage_of(step)]];
  if (j > 0) time = std::max(time, end_[step * m + j - 1]);
  for (std::size_t k = direction.begin[step]; k < direction.begin[step + 1]; ++k)
    time = std::max(time, end_[direction.inputs[k].step * m + j] + direction.inputs[k].hop);
  return time;
}

/// Into the first gap from `ready` on where the step fits and its memory does no harm to what comes later.
Ticks Justifier::place(const Direction& direction, Step step, Ticks ready) {
  const std::size_t r = shop_.rank_of[stage_of(step)];
  std::vector<Placed>& rank = ranks_[r];
  const Ticks duration = duration_[step];
  const std::int64_t room = shop_.cap[r] - direction.taken[step];
  std::size_t best = rank.size();
  Ticks start = rank.empty() ? ready : std::max(ready, rank.back().end);
  std::int64_t later = 0;
  for (std::size_t at = rank.size(); at > 0 && rank[at - 1].end > ready; --at) {
    later = std::max(later, rank[at - 1].peak);
    if (direction.taken[step] > 0 && later > room) break;
    const Ticks from = at > 1 ? std::max(ready, rank[at - 2].end) : ready;
    if (from + duration > rank[at - 1].start || (at > 1 && rank[at - 2].after > room)) continue;
    best = at - 1;
    start = from;
  }
  const std::int64_t peak = (best > 0 ? rank[best - 1].after : 0) + direction.taken[step];
  const std::int64_t change = direction.taken[step] - direction.given[step];
  rank.insert(rank.begin() + static_cast<std::ptrdiff_t>(best),
              Placed{start, start + duration, peak, peak - direction.given[step], step});
  for (std::size_t at = best + 1; at < rank.size(); ++at) {
    rank[at].peak += change;
    rank[at].after += change;
  }
  return start;
}

}  // namespace stagecraft
