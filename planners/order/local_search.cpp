// Local search over the orders of all ranks. Burke and Bykov, "The late acceptance hill-climbing heuristic",
// European Journal of Operational Research 258(1), 2017, with justification as the repair after each move.
#include "planners/order/local_search.h"

#include <algorithm>

#include "base/random.h"

namespace stagecraft {

namespace {

/// Moves steps within a rank's list, as far as its own order and memory allow.
class Mover {
 public:
  Mover(const Shop& shop, RandomStream& random) : shop_(shop), random_(random), done_(3 * shop.stages) {}

  /// Moves a step of a random rank to another place near by. False where nothing came of many attempts.
  bool move(RankOrders& orders) {
    for (int attempt = 0; attempt < 100; ++attempt)
      if (attempt_move(orders)) return true;
    return false;
  }

 private:
  bool attempt_move(RankOrders& orders) {
    const std::size_t r = random_.below(shop_.ranks);
    const auto begin = orders.steps.begin() + static_cast<std::ptrdiff_t>(orders.begin[r]);
    const auto at = [&](std::size_t i) { return begin + static_cast<std::ptrdiff_t>(i); };
    const std::size_t size = orders.rank(r).size();
    const std::size_t from = random_.below(size);
    // Mostly near, sometimes far.
    std::size_t distance = 1 + random_.below(3 * shop_.stages_on(r).size());
    while (random_.chance(0.3)) distance *= 2;
    const bool later = random_.chance(0.5);
    const std::size_t to = later ? std::min(size - 1, from + distance) : from - std::min(from, distance);
    const std::size_t low = std::min(from, to);
    const std::size_t high = std::max(from, to);
    if (orders.steps[orders.begin[r] + from] == orders.steps[orders.begin[r] + to]) return false;
    std::rotate(at(low), later ? at(low) + 1 : at(high), at(high) + 1);
    if (valid(r, orders.rank(r))) return true;
    std::rotate(at(low), later ? at(high) : at(low) + 1, at(high) + 1);
    return false;
  }

  /// F before I before W of each stage and micro-batch, and the rank's cap.
  bool valid(std::size_t r, std::span<const Step> steps) {
    std::fill(done_.begin(), done_.end(), 0u);
    std::int64_t held = 0;
    for (Step step : steps) {
      if (kind_of(step) != kForward && done_[step - 1] <= done_[step]) return false;
      ++done_[step];
      held -= shop_.freed[step];
      if (held > shop_.cap[r]) return false;
    }
    return true;
  }

  const Shop& shop_;
  RandomStream& random_;
  std::vector<std::uint32_t> done_;
};

}  // namespace

void improve_orders(SearchState& search, std::uint64_t seed) {
  constexpr std::size_t kHistory = 50;
  const Shop& shop = search.shop();
  RandomStream random(seed, "order local search");
  Mover mover(shop, random);
  RankOrders current = search.best();
  std::vector<Ticks> history(kHistory, search.value());
  Ticks value = search.value();
  RankOrders next;
  for (std::size_t round = 0; !search.finished(); ++round) {
    next = current;
    bool moved = true;
    for (std::size_t moves = 1 + random.below(4); moves > 0 && moved; --moves) moved = mover.move(next);
    if (search.consider(next, "local search").span >= kNever) continue;
    next = search.justify(next);
    const Ticks reached = search.consider(next, "local search").value(shop.objective);
    if (reached <= value || reached <= history[round % kHistory]) {
      std::swap(current, next);
      value = reached;
    }
    history[round % kHistory] = std::min(history[round % kHistory], value);
  }
}

}  // namespace stagecraft
