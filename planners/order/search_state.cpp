#include "planners/order/search_state.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// Enough for the whole family of small problems, and for its first members of large ones.
std::int64_t default_evaluations(const Shop& shop) {
  const bool chunked = shop.stages > shop.ranks;
  const auto steps = static_cast<std::int64_t>(shop.steps());
  return std::clamp<std::int64_t>((chunked ? 2'500'000 : 150'000) / steps, chunked ? 24 : 6, 2000);
}

using Clock = std::chrono::steady_clock;

bool timed(const OrderOptions& options) {
  return options.time_limit > Duration{0};
}

/// Limits past the end of the clock's range never come.
Clock::time_point deadline_of(const OrderOptions& options) {
  const Clock::time_point now = Clock::now();
  if (!timed(options) || options.time_limit >= Clock::time_point::max() - now)
    return Clock::time_point::max();
  return now + options.time_limit;
}

}  // namespace

SearchState::SearchState(const Shop& shop, const OrderOptions& options)
    : shop_(shop),
      options_(options),
      deadline_(deadline_of(options)),
      timer_(shop),
      justifier_(shop),
      bound_(lower_bound(shop)),
      limit_(options.evaluations > 0 ? options.evaluations
             : timed(options)        ? std::numeric_limits<std::int64_t>::max()
                                     : default_evaluations(shop)) {}

OrderScore SearchState::consider(const RankOrders& orders, std::string_view origin) {
  ++evaluations_;
  const OrderScore score = timer_.score(orders);
  if (score.better_than(score_, shop_.objective)) {
    score_ = score;
    best_ = orders;
    origin_ = origin;
    report();
  }
  return score;
}

OrderScore SearchState::consider_justified(RankOrders orders, std::string_view origin) {
  const OrderScore score = consider(orders, origin);
  if (score.span >= kNever || finished()) return score;
  return consider(justifier_.round(orders), origin);
}

void SearchState::raise_bound(Ticks bound) {
  if (bound <= bound_) return;
  bound_ = bound;
  report();
}

bool SearchState::charge() {
  ++evaluations_;
  // The clock costs more than a node.
  return evaluations_ % 256 != 0 ? evaluations_ < limit_ : !spent();
}

void SearchState::extend(std::int64_t usual) {
  if (options_.evaluations <= 0 && !timed(options_)) limit_ = evaluations_ + usual;
}

bool SearchState::spent() const {
  if (evaluations_ >= limit_) return true;
  return timed(options_) && Clock::now() >= deadline_;
}

void SearchState::report() const {
  if (options_.progress)
    options_.progress(
        {.evaluations = evaluations_, .best = Duration(value()), .lower_bound = Duration(bound_)});
}

}  // namespace stagecraft
