// Bounds inside the exact search: heads by precedence, memory and one-machine energy, then each rank alone
// with heads and a deadline (Jackson's preemptive schedule; Carlier, EJOR 11(1), 1982).
#include "planners/order/exact_bound.h"

#include <algorithm>

namespace stagecraft {

ExactBound::ExactBound(const Shop& shop)
    : shop_(shop),
      most_(shop.stages),
      forward_(shop.stages * shop.microbatches),
      input_(shop.stages * shop.microbatches),
      flow_(shop.stages) {
  for (std::size_t s = 0; s < shop.stages; ++s) {
    // As if the rank's other stages held nothing: that only lets more in.
    const std::int64_t held = -shop.freed[3 * s];
    most_[s] = held > 0 ? shop.cap[shop.rank_of[s]] / held : static_cast<std::int64_t>(shop.microbatches);
  }
}

bool ExactBound::feasible(const ExactState& state, Ticks target) {
  for (std::size_t s = 0; s < shop_.stages; ++s) flow_[s] = state.free(shop_.rank_of[s]);
  for (std::size_t j = 0; j < shop_.microbatches; ++j) sweep(state, j);
  for (std::size_t r = 0; r < shop_.ranks; ++r)
    if (!rank_fits(state, r, deadline(state, r, target))) return false;
  return true;
}

void ExactBound::sweep(const ExactState& state, std::size_t j) {
  for (std::uint32_t s : shop_.flow)
    if (j >= state.done(3 * s)) forward_[slot(s, j)] = forward_start(state, s, j);
  for (std::size_t i = shop_.stages; i-- > 0;) {
    const std::uint32_t s = shop_.flow[i];
    if (j < state.done(3 * s + kInput)) continue;
    // From any F on, the rank runs that F and all later F and I up to this I before this I ends.
    if (j >= state.done(3 * s)) flow_[s] = std::max(flow_[s], forward_[slot(s, j)]) + time(s, kForward);
    input_[slot(s, j)] = std::max(flow_[s], input_start(state, s, j));
    flow_[s] += time(s, kInput);
  }
}

Ticks ExactBound::forward_start(const ExactState& state, std::uint32_t s, std::size_t j) const {
  Ticks start = state.free(shop_.rank_of[s]);
  if (j > state.done(3 * s)) start = std::max(start, forward_[slot(s, j - 1)] + time(s, kForward));
  for (const ShopInput& in : shop_.into_forward(s)) {
    const bool made = j < state.done(3 * in.stage);
    start = std::max(start, in.hop + (made ? state.end(3 * in.stage, j)
                                           : forward_[slot(in.stage, j)] + time(in.stage, kForward)));
  }
  const std::int64_t frees = static_cast<std::int64_t>(j) - most_[s];
  if (frees >= static_cast<std::int64_t>(state.done(3 * s + kInput)))
    start = std::max(start, input_[slot(s, static_cast<std::size_t>(frees))] + time(s, kInput));
  return start;
}

Ticks ExactBound::input_start(const ExactState& state, std::uint32_t s, std::size_t j) const {
  Ticks start = 0;
  if (j > state.done(3 * s + kInput)) start = input_[slot(s, j - 1)] + time(s, kInput);
  for (const ShopInput& in : shop_.into_input(s)) {
    const Step step = 3 * in.stage + kInput;
    const bool made = j < state.done(step);
    start = std::max(
        start, in.hop + (made ? state.end(step, j) : input_[slot(in.stage, j)] + time(in.stage, kInput)));
  }
  return start;
}

/// A rank that has not begun has its whole span before it.
Ticks ExactBound::deadline(const ExactState& state, std::size_t r, Ticks target) const {
  if (shop_.objective == OrderObjective::Makespan) return target;
  return state.begun(r) ? state.first(r) + target : kNever;
}

bool ExactBound::rank_fits(const ExactState& state, std::size_t r, Ticks deadline) {
  if (deadline >= kNever) return true;
  pieces_.clear();
  Ticks pending = 0;
  for (const std::uint32_t s : shop_.stages_on(r)) {
    const std::uint32_t inputs = state.done(3 * s + kInput);
    pending += (inputs - state.done(3 * s + kWeight)) * time(s, kWeight);
    for (std::size_t j = state.done(3 * s); j < shop_.microbatches; ++j)
      pieces_.push_back({forward_[slot(s, j)], time(s, kForward)});
    for (std::size_t j = inputs; j < shop_.microbatches; ++j)
      pieces_.push_back({input_[slot(s, j)], time(s, kInput) + time(s, kWeight)});
  }
  std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) { return a.from > b.from; });
  Ticks work = 0;
  for (const Piece& piece : pieces_) {
    work += piece.work;
    if (piece.from + work > deadline) return false;
  }
  return state.free(r) + work + pending <= deadline;
}

}  // namespace stagecraft
