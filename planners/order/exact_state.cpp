#include "planners/order/exact_state.h"

#include <algorithm>

namespace stagecraft {

ExactState::ExactState(const Shop& shop)
    : shop_(shop),
      log_(shop),
      free_(shop.ranks),
      first_(shop.ranks),
      begun_(shop.ranks),
      held_(shop.ranks),
      held_back_(shop.ranks) {
  stack_.reserve(shop.steps());
}

void ExactState::clear() {
  while (!stack_.empty()) pop();
  std::fill(held_back_.begin(), held_back_.end(), 0);
}

Ticks ExactState::earliest(Step step) const {
  const Ticks ready = log_.ready(step);
  return ready < kNever ? std::max(ready, free_[shop_.rank_of[stage_of(step)]]) : kNever;
}

bool ExactState::fits(Step forward) const {
  const std::size_t r = shop_.rank_of[stage_of(forward)];
  return held_[r] - shop_.freed[forward] <= shop_.cap[r];
}

void ExactState::push(const ExactChoice& choice) {
  const std::size_t r = shop_.rank_of[stage_of(choice.step)];
  stack_.push_back({choice.step, free_[r], held_back_[r] != 0});
  if (begun_[r]++ == 0) first_[r] = choice.start;
  free_[r] = choice.end;
  held_[r] -= shop_.freed[choice.step];
  held_back_[r] = 0;
  log_.add(choice.step, choice.end);
}

void ExactState::pop() {
  const Undo undo = stack_.back();
  stack_.pop_back();
  const std::size_t r = shop_.rank_of[stage_of(undo.step)];
  --begun_[r];
  free_[r] = undo.free;
  held_[r] += shop_.freed[undo.step];
  held_back_[r] = undo.held_back;
  log_.take_back(undo.step);
}

RankOrders ExactState::orders() const {
  RankOrders orders;
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    for (const Undo& pushed : stack_)
      if (shop_.rank_of[stage_of(pushed.step)] == r) orders.steps.push_back(pushed.step);
    orders.begin.push_back(orders.steps.size());
  }
  return orders;
}

}  // namespace stagecraft
