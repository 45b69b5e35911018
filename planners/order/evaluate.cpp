#include "planners/order/evaluate.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace stagecraft {

bool OrderScore::better_than(const OrderScore& other, OrderObjective objective) const {
  if (objective == OrderObjective::Span)
    return std::tie(span, makespan) < std::tie(other.span, other.makespan);
  return std::tie(makespan, span) < std::tie(other.makespan, other.span);
}

OrderTimer::OrderTimer(const Shop& shop)
    : shop_(shop),
      count_(3 * shop.stages),
      log_(shop),
      position_(shop.ranks),
      free_(shop.ranks),
      first_(shop.ranks) {}

/// Every step of a rank's stages once for each micro-batch, and no other.
void OrderTimer::check_complete(const RankOrders& orders) {
  if (orders.begin.size() != shop_.ranks + 1)
    throw std::invalid_argument(
        fmt::format("order: lists of {} ranks, not {}", orders.begin.size() - 1, shop_.ranks));
  std::fill(count_.begin(), count_.end(), 0u);
  for (std::size_t r = 0; r < shop_.ranks; ++r)
    for (const Step step : orders.rank(r)) {
      if (stage_of(step) >= shop_.stages || shop_.rank_of[stage_of(step)] != r)
        throw std::invalid_argument(
            fmt::format("order: rank {} runs stage {}, which is not there", r, stage_of(step)));
      ++count_[step];
    }
  for (Step step = 0; step < count_.size(); ++step)
    if (count_[step] != shop_.microbatches)
      throw std::invalid_argument(fmt::format(
          "order: rank {} runs {} of stage {} {} times for {} micro-batches", shop_.rank_of[stage_of(step)],
          "FIW"[kind_of(step)], stage_of(step), count_[step], shop_.microbatches));
}

OrderScore OrderTimer::score(const RankOrders& orders) {
  check_complete(orders);
  log_.clear();
  std::fill(position_.begin(), position_.end(), 0u);
  std::fill(free_.begin(), free_.end(), 0);
  std::fill(first_.begin(), first_.end(), 0);
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t r = 0; r < shop_.ranks; ++r) moved |= advance(r, orders.rank(r));
    for (std::size_t r = shop_.ranks; r-- > 0;) moved |= advance(r, orders.rank(r));
  }
  OrderScore score{.span = 0, .makespan = 0};
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    if (position_[r] < orders.rank(r).size()) return {};
    score.span = std::max(score.span, free_[r] - first_[r]);
    score.makespan = std::max(score.makespan, free_[r]);
  }
  return score;
}

/// Runs the rank until it must wait for a step that has not been run yet.
bool OrderTimer::advance(std::size_t rank, std::span<const Step> steps) {
  const std::size_t begin = position_[rank];
  std::size_t at = begin;
  Ticks time = free_[rank];
  for (; at < steps.size(); ++at) {
    const Step step = steps[at];
    const Ticks input = log_.ready(step);
    if (input == kNever) break;
    time = std::max(time, input);
    if (at == 0) first_[rank] = time;
    time += shop_.duration[step];
    log_.add(step, time);
  }
  position_[rank] = at;
  free_[rank] = time;
  return at > begin;
}

}  // namespace stagecraft
