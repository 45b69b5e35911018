// List scheduling of F, I and W with look-ahead, after the automatic scheduler of Qi et al., "Zero Bubble
// Pipeline Parallelism", ICLR 2024 (arXiv 2401.10241), section 3: warm up with as many F as memory and the
// first I allow, alternate, fill waits with W. Theirs goes micro-batch by micro-batch; this one goes by time.
#include "planners/order/dispatch.h"

#include <algorithm>

namespace stagecraft {

Dispatcher::Dispatcher(const Shop& shop)
    : shop_(shop), log_(shop), ranks_(shop.ranks), wake_(shop.ranks), made_(shop.ranks) {
  for (std::size_t r = 0; r < shop.ranks; ++r)
    made_[r].reserve(3 * shop.stages_on(r).size() * shop.microbatches);
}

void Dispatcher::reset() {
  log_.clear();
  std::fill(ranks_.begin(), ranks_.end(), Rank{});
  for (auto& steps : made_) steps.clear();
  for (std::size_t r = 0; r < shop_.ranks; ++r) wake_.set(r, 0);
}

RankOrders Dispatcher::run(const DispatchPolicy& policy) {
  policy_ = policy;
  reset();
  while (wake_.first_time() < kNever) decide(wake_.first(), wake_.first_time());
  RankOrders orders;
  orders.steps.reserve(shop_.steps());
  for (const auto& steps : made_) {
    orders.steps.insert(orders.steps.end(), steps.begin(), steps.end());
    orders.begin.push_back(orders.steps.size());
  }
  return orders;
}

void Dispatcher::decide(std::size_t r, Ticks now) {
  const View view = look(r, now);
  const Rank& rank = ranks_[r];
  // A rank with a ready F waits at most for an I.
  const Ticks until = view.has_top ? view.next_input : std::min(view.next_input, view.next_forward);
  const bool may_idle = !rank.begun || rank.idle + (until - now) <= policy_.idle_budget;
  if (view.has_top && (kind_of(view.top) == kInput ||
                       delays_little(view.top, now, view.next_input, policy_.forward_overlap) ||
                       (!may_idle && !view.has_weight)))
    return start(r, view.top, now);
  // W that makes room for an F stands for it.
  const int overlap = !view.has_top && view.starved ? policy_.forward_overlap : policy_.weight_overlap;
  const Ticks delayed = !view.has_top && view.starved ? view.next_input : until;
  if (view.has_weight && (delays_little(view.weight, now, delayed, overlap) || !may_idle))
    return start(r, view.weight, now);
  wake_.set(r, until);
}

Dispatcher::View Dispatcher::look(std::size_t r, Ticks now) const {
  View view{.now = now};
  const Rank& rank = ranks_[r];
  for (const std::uint32_t stage : shop_.stages_on(r)) {
    const Step forward = make_step(static_cast<int>(stage), kForward);
    const Step weight = forward + kWeight;
    if (log_.done(weight) < log_.done(weight - 1) &&
        (!view.has_weight || shop_.freed[weight] > shop_.freed[view.weight])) {
      view.weight = weight;
      view.has_weight = true;
    }
    const Ticks input = log_.ready(forward + kInput);
    if (input <= now)
      offer(view, forward + kInput, rank);
    else
      view.next_input = std::min(view.next_input, input);
    look_at_forward(view, r, stage);
  }
  return view;
}

void Dispatcher::look_at_forward(View& view, std::size_t r, std::size_t stage) const {
  const Rank& rank = ranks_[r];
  const Step step = make_step(static_cast<int>(stage), kForward);
  const Ticks time = log_.ready(step);
  if (time >= kNever || !admitted(r, stage)) return;
  const std::int64_t held = rank.held - shop_.freed[step];
  if (held > shop_.cap[r])
    view.starved |= time <= view.now && held - rank.pending <= shop_.cap[r];
  else if (time <= view.now)
    offer(view, step, rank);
  else
    view.next_forward = std::min(view.next_forward, time);
}

/// Makes `step` the first choice if it goes before what is there: I before F (or the other than last time), F
/// of the stage furthest down the flow, I of the stage furthest up, so that micro-batches leave soon.
void Dispatcher::offer(View& view, Step step, const Rank& rank) const {
  bool before = !view.has_top;
  if (view.has_top && kind_of(step) != kind_of(view.top)) {
    const StepKind preferred = policy_.alternate && rank.last == kInput ? kForward : kInput;
    before = kind_of(step) == preferred;
  } else if (view.has_top) {
    before = kind_of(step) == kForward;  // stages come in the order of the flow
  }
  if (before) view.top = step;
  view.has_top = true;
}

/// Whether the stage's next F may be in flight: the policy's limit, and the banker's rule (see the class).
bool Dispatcher::admitted(std::size_t r, std::size_t stage) const {
  const Step forward = make_step(static_cast<int>(stage), kForward);
  const std::uint32_t mine = log_.done(forward);
  if (!policy_.in_flight.empty() && mine - log_.done(forward + kInput) >= policy_.in_flight[stage])
    return false;
  const auto stages = shop_.stages_on(r);
  if (stages.size() == 1) return true;
  std::uint32_t oldest = mine;
  for (std::uint32_t s : stages) oldest = std::min(oldest, log_.done(3 * s));
  if (mine == oldest) return true;
  std::int64_t younger = -shop_.freed[forward];  // held by micro-batches after the oldest, with this one
  for (std::uint32_t s : stages)
    younger -= shop_.freed[3 * s] * (log_.done(3 * s) - std::min(log_.done(3 * s), oldest + 1));
  return younger + shop_.whole[r] <= shop_.cap[r];
}

bool Dispatcher::delays_little(Step step, Ticks now, Ticks until, int eighths) const {
  const Ticks time = shop_.duration[step];
  return until >= kNever || 8 * (now + time - until) <= time * eighths;
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
  log_.add(step, rank.free);
  made_[r].push_back(step);
  wake_.set(r, rank.free);
  if (kind != kWeight) announce(stage_of(step), kind);
}

/// Wakes the ranks that can use the stage's latest result when it is there.
void Dispatcher::announce(std::size_t stage, StepKind kind) {
  for (const ShopInput& consumer : kind == kForward ? shop_.into_input(stage) : shop_.into_forward(stage)) {
    const std::size_t r = shop_.rank_of[consumer.stage];
    const Ticks known = log_.ready(consumer.stage * 3 + kind);
    if (known < kNever) wake_.set(r, std::min(wake_.time(r), std::max(ranks_[r].free, known)));
  }
}

}  // namespace stagecraft
