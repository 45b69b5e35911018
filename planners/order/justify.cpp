// Justification. Valls, Ballestin and Quintanilla, "Justification and RCPSP: A technique that pays", European
// Journal of Operational Research 165(2), 2005, for one machine per rank, with memory that steps take and
// give.
#include "planners/order/justify.h"

#include <algorithm>

namespace stagecraft {

namespace {

constexpr std::int64_t kUnbound = std::numeric_limits<std::int64_t>::max();

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
      log_(shop),
      ranks_(shop.ranks),
      before_(shop.ranks),
      position_(shop.ranks),
      queue_(shop.ranks) {
  for (Ticks& time : duration_) time = std::max<Ticks>(time, 1);
  for (std::size_t r = 0; r < shop.ranks; ++r) {
    ranks_[r].bound = shop.cap[r] / static_cast<std::int64_t>(shop.microbatches) < shop.whole[r];
    ranks_[r].shortest = kNever;
    for (std::uint32_t s : shop.stages_on(r))
      for (Step step = 3 * s; step < 3 * s + 3; ++step)
        ranks_[r].shortest = std::min(ranks_[r].shortest, duration_[step]);
  }
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
  for (const Line& rank : ranks_) {
    for (const Placed& placed : rank.steps) result.steps.push_back(placed.step);
    result.begin.push_back(result.steps.size());
  }
  return result;
}

/// When the order's steps run as early as they can.
void Justifier::time(const RankOrders& orders) {
  log_.clear();
  for (Line& rank : ranks_) rank.steps.clear();
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t r = 0; r < shop_.ranks; ++r) {
      const auto steps = orders.rank(r);
      while (ranks_[r].steps.size() < steps.size() && time_next(r, steps[ranks_[r].steps.size()]))
        moved = true;
    }
  }
}

bool Justifier::time_next(std::size_t r, Step step) {
  const Ticks inputs = log_.ready(step);
  if (inputs >= kNever) return false;
  std::vector<Placed>& line = ranks_[r].steps;
  const Ticks free = line.empty() ? 0 : line.back().end;
  const Ticks start = std::max(free, inputs);
  line.push_back({.start = start, .end = start + duration_[step], .step = step});
  log_.add(step, start + duration_[step]);
  return true;
}

/// Ranks may end late by what keeps the objective.
void Justifier::set_deadlines() {
  Ticks span = 0;
  Ticks makespan = 0;
  for (const Line& rank : ranks_) {
    span = std::max(span, rank.steps.back().end - rank.steps.front().start);
    makespan = std::max(makespan, rank.steps.back().end);
  }
  horizon_ = 0;
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    const bool by_span = shop_.objective == OrderObjective::Span;
    release_[r] = -(by_span ? ranks_[r].steps.front().start + span : makespan);
    horizon_ = std::max(horizon_, -release_[r]);
  }
  for (Ticks& release : release_) release += horizon_;
}

/// Reverses time in the schedule at hand and makes it the one to justify.
void Justifier::turn_around() {
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    std::swap(before_[r], ranks_[r].steps);
    ranks_[r].steps.clear();
    ranks_[r].gaps.clear();
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
  log_.clear();
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

/// Into the first gap where the step fits and its memory does no harm to what comes later, or at the end.
void Justifier::place_next(const Direction& direction, Step step) {
  const std::size_t r = shop_.rank_of[stage_of(step)];
  Line& line = ranks_[r];
  const Ticks from = ready(direction, step);
  const bool bound = line.bound && direction.taken[step] > 0;
  const std::size_t gap =
      find_gap(line, duration_[step], from, bound ? shop_.cap[r] - direction.taken[step] : kUnbound);
  Placed placed{.start = from, .step = step};
  if (gap != kNoGap)
    placed.start = std::max(from, line.gaps[gap].start);
  else if (!line.steps.empty())
    placed.start = std::max(from, line.steps.back().end);
  placed.end = placed.start + duration_[step];
  insert(line, gap, placed, direction.taken[step], direction.given[step]);
  log_.add(step, placed.end);
}

/// When the step's next micro-batch has its inputs, and its stage has done the one before.
Ticks Justifier::ready(const Direction& direction, Step step) const {
  const std::size_t j = log_.done(step);
  Ticks time = release_[shop_.rank_of[stage_of(step)]];
  if (j > 0) time = std::max(time, log_.end(step, j - 1));
  for (std::size_t k = direction.begin[step]; k < direction.begin[step + 1]; ++k)
    time = std::max(time, log_.end(direction.inputs[k].step, j) + direction.inputs[k].hop);
  return time;
}

/// The first gap in which a step can run from `ready` on, where neither it nor any step after it finds more
/// than `room` bytes held. kNoGap: it has to go to the end.
std::size_t Justifier::find_gap(const Line& line, Ticks duration, Ticks ready, std::int64_t room) const {
  std::size_t best = kNoGap;
  std::size_t at = line.steps.size();
  std::int64_t later = 0;
  for (std::size_t g = line.gaps.size(); g > 0 && line.gaps[g - 1].end > ready; --g) {
    const Gap& gap = line.gaps[g - 1];
    if (room != kUnbound) {
      while (at > 0 && line.steps[at - 1].start >= gap.end) later = std::max(later, line.steps[--at].peak);
      if (later > room) break;
      if (at > 0 && line.steps[at - 1].after > room) continue;
    }
    if (std::max(ready, gap.start) + duration <= gap.end) best = g - 1;
  }
  return best;
}

void Justifier::insert(Line& line, std::size_t gap, const Placed& placed, std::int64_t taken,
                       std::int64_t given) {
  const auto add_gap = [&](std::size_t at, Ticks start, Ticks end) {
    if (end - start >= line.shortest) line.gaps.insert(line.gaps.begin() + std::ptrdiff_t(at), {start, end});
  };
  std::size_t at = line.steps.size();
  if (gap == kNoGap) {
    add_gap(line.gaps.size(), at > 0 ? line.steps[at - 1].end : 0, placed.start);
  } else {
    const Gap old = line.gaps[gap];
    line.gaps.erase(line.gaps.begin() + std::ptrdiff_t(gap));
    add_gap(gap, placed.end, old.end);
    add_gap(gap, old.start, placed.start);
    while (at > 0 && line.steps[at - 1].start >= placed.end) {
      --at;
      line.steps[at].peak += taken - given;
      line.steps[at].after += taken - given;
    }
  }
  Placed& step = *line.steps.insert(line.steps.begin() + std::ptrdiff_t(at), placed);
  step.peak = (at > 0 ? line.steps[at - 1].after : 0) + taken;
  step.after = step.peak - given;
}

}  // namespace stagecraft
