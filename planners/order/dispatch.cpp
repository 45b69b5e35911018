#include "planners/order/dispatch.h"

#include <algorithm>
#include <bit>

namespace stagecraft {

Dispatcher::Dispatcher(const Shop& shop)
    : shop_(shop), end_(shop.steps()), done_(3 * shop.stages), ranks_(shop.ranks), made_(shop.ranks) {
  tree_.resize(2 * std::bit_ceil(std::max<std::size_t>(2, shop.ranks)));
  for (std::size_t r = 0; r < shop.ranks; ++r) made_[r].reserve(3 * shop.stages_on(r).size() * shop.microbatches);
}

void Dispatcher::reset() {
  std::fill(done_.begin(), done_.end(), 0u);
  std::fill(ranks_.begin(), ranks_.end(), Rank{});
  for (auto& steps : made_) steps.clear();
  last_injection_ = -kNever;
  const std::size_t leaves = tree_.size() / 2;
  for (std::size_t i = 0; i < leaves; ++i)
    tree_[leaves + i] = static_cast<std::uint32_t>(std::min(i, shop_.ranks - 1));
  for (std::size_t i = leaves; i-- > 1;) tree_[i] = tree_[2 * i];
}

void Dispatcher::set_wake(std::size_t rank, Ticks time) {
  ranks_[rank].wake = time;
  for (std::size_t at = (tree_.size() / 2 + rank) / 2; at > 0; at /= 2) {
    const std::uint32_t a = tree_[2 * at];
    const std::uint32_t b = tree_[2 * at + 1];
    tree_[at] = ranks_[b].wake < ranks_[a].wake ? b : a;
  }
}

RankOrders Dispatcher::run(const DispatchPolicy& policy) {
  policy_ = policy;
  reset();
  for (;;) {
    const std::size_t rank = earliest();
    if (ranks_[rank].wake >= kNever) break;
    decide(rank, ranks_[rank].wake);
  }
  RankOrders orders;
  orders.steps.reserve(shop_.steps());
  for (const auto& steps : made_) {
    orders.steps.insert(orders.steps.end(), steps.begin(), steps.end());
    orders.begin.push_back(orders.steps.size());
  }
  return orders;
}

/// When all inputs of the stage's next F or I are here, as far as known; kNever where one has not started.
Ticks Dispatcher::arrival(Step step) const {
  const std::size_t stage = stage_of(step);
  const StepKind kind = kind_of(step);
  const std::size_t next = done_[step];
  if (next >= shop_.microbatches) return kNever;
  Ticks time = 0;
  if (kind == kInput) {
    if (done_[step - 1] <= next) return kNever;
    time = end_[(step - 1) * shop_.microbatches + next];
  }
  for (const ShopInput& input : kind == kForward ? shop_.into_forward(stage) : shop_.into_input(stage)) {
    const Step made = input.stage * 3 + kind;
    if (done_[made] <= next) return kNever;
    time = std::max(time, end_[made * shop_.microbatches + next] + input.hop);
  }
  return time;
}

/// The banker's rule, see the class.
bool Dispatcher::safe(std::size_t rank, std::size_t stage) const {
  const auto stages = shop_.stages_on(rank);
  if (stages.size() == 1) return true;
  std::size_t oldest = shop_.microbatches;
  for (std::uint32_t s : stages) oldest = std::min<std::size_t>(oldest, done_[3 * s]);
  const std::size_t mine = done_[3 * stage];
  if (mine == oldest) return true;
  std::int64_t ahead = 0;  // held by micro-batches behind the oldest, this one included
  for (std::uint32_t s : stages)
    ahead += -shop_.freed[3 * s] *
             static_cast<std::int64_t>(done_[3 * s] - std::min<std::size_t>(done_[3 * s], oldest + 1));
  return ahead - shop_.freed[3 * stage] + shop_.whole[rank] <= shop_.cap[rank];
}

bool Dispatcher::admitted(std::size_t rank, std::size_t stage, Ticks now) {
  if (!policy_.in_flight.empty() && done_[3 * stage] >= done_[3 * stage + 1] + policy_.in_flight[stage]) return false;
  if (shop_.into_forward(stage).empty()) {
    if (policy_.pace > 0 && now < last_injection_ + policy_.pace) return false;
  }
  return safe(rank, stage);
}

/// Which of two steps that could start now goes first; kinds F and I only.
bool Dispatcher::before(Step a, Step b, const Rank& rank) const {
  if (policy_.prefer == Preference::Target) return due(a) < due(b);
  if (kind_of(a) != kind_of(b)) {
    const bool input = policy_.prefer == Preference::Input ||
                       (policy_.prefer == Preference::Alternate && rank.last != kInput);
    return (kind_of(a) == kInput) == input;
  }
  const bool deeper = stage_of(a) > stage_of(b);
  return kind_of(a) == kInput ? !deeper : deeper == policy_.deep_forward;
}

void Dispatcher::decide(std::size_t r, Ticks now) {
  Rank& rank = ranks_[r];
  Step top = 0;
  Step weight = 0;
  bool has_top = false;
  bool has_weight = false;
  bool starved = false;         // an F is here, but not the memory for it
  Ticks next_input = kNever;    // known arrivals later than now
  Ticks next_any = kNever;
  Ticks recheck = kNever;
  Step next_step = 0;
  for (const std::uint32_t stage : shop_.stages_on(r)) {
    const Step f = 3 * stage;
    if (done_[f + 2] < done_[f + 1] &&
        (!has_weight || (policy_.prefer == Preference::Target ? due(f + 2) < due(weight) : shop_.freed[f + 2] > shop_.freed[weight]))) {
      weight = f + 2;
      has_weight = true;
    }
    const Ticks input = arrival(f + 1);
    if (input <= now) {
      if (!has_top || before(f + 1, top, rank)) top = f + 1;
      has_top = true;
    } else if (input < next_input) {
      next_input = input;
      next_step = f + 1;
    }
    const Ticks forward = arrival(f);
    if (forward >= kNever) continue;
    if (!admitted(r, stage, std::max(now, forward))) {
      if (policy_.pace > 0 && shop_.into_forward(stage).empty()) recheck = std::max(now + 1, last_injection_ + policy_.pace);
      continue;
    }
    if (rank.held - shop_.freed[f] > shop_.cap[r]) {
      if (forward <= now && rank.held - rank.pending - shop_.freed[f] <= shop_.cap[r]) starved = true;
      continue;
    }
    if (forward <= now) {
      if (!has_top || before(f, top, rank)) top = f;
      has_top = true;
    } else {
      next_any = std::min(next_any, forward);
    }
  }
  next_any = std::min(next_any, next_input);
  const auto may = [&](Step step, Ticks until, int eighths) {
    return now + shop_.duration[step] - until <= shop_.duration[step] * eighths / 8;
  };
  const auto spent = [&](Ticks until) { return rank.begun && rank.idle + (until - now) > policy_.idle_budget; };
  if (policy_.prefer == Preference::Target) {
    if (has_top && has_weight && due(weight) + policy_.weight_lag < due(top)) top = weight;
    if (has_top && (kind_of(top) == kInput || next_input >= kNever || due(next_step) > due(top))) return start(r, top, now);
  } else if (has_top && kind_of(top) == kInput) return start(r, top, now);
  if (has_top && (next_input >= kNever || may(top, next_input, policy_.forward_overlap) || (spent(next_input) && !has_weight)))
    return start(r, top, now);
  if (!has_top && starved && has_weight &&
      (next_input >= kNever || may(weight, next_input, policy_.forward_overlap)))
    return start(r, weight, now);
  const Ticks until = has_top ? next_input : next_any;
  if (has_weight && (until >= kNever || may(weight, until, policy_.weight_overlap) || spent(until)))
    return start(r, weight, now);
  set_wake(r, std::min(until, recheck));
}

void Dispatcher::start(std::size_t r, Step step, Ticks time) {
  Rank& rank = ranks_[r];
  const StepKind kind = kind_of(step);
  if (rank.begun) rank.idle += time - rank.free;
  rank.begun = true;
  if (kind != kWeight) rank.last = kind;
  rank.free = time + shop_.duration[step];
  rank.held -= shop_.freed[step];
  if (kind == kInput) rank.pending += shop_.freed[step + 1];
  if (kind == kWeight) rank.pending -= shop_.freed[step];
  if (kind == kForward && shop_.into_forward(stage_of(step)).empty()) last_injection_ = time;
  const std::size_t microbatch = done_[step]++;
  made_[r].push_back(step);
  set_wake(r, rank.free);
  if (kind == kWeight) return;
  end_[step * shop_.microbatches + microbatch] = rank.free;
  announce(stage_of(step), kind, rank.free);
}

/// Wakes the ranks that can use the result when it is there.
void Dispatcher::announce(std::size_t stage, StepKind kind, Ticks end) {
  for (const ShopInput& consumer : kind == kForward ? shop_.into_input(stage) : shop_.into_forward(stage)) {
    const std::size_t r = shop_.rank_of[consumer.stage];
    if (r == shop_.rank_of[stage]) continue;
    Ticks hop = 0;
    for (const ShopInput& input : kind == kForward ? shop_.into_forward(consumer.stage) : shop_.into_input(consumer.stage))
      if (input.stage == stage) hop = input.hop;
    const Ticks time = std::max(ranks_[r].free, end + hop);
    if (time < ranks_[r].wake) set_wake(r, time);
  }
}

}  // namespace stagecraft
