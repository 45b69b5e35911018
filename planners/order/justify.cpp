#include "planners/order/justify.h"

#include <algorithm>

namespace stagecraft {

Justifier::Justifier(const Shop& shop)
    : shop_(shop), release_(shop.ranks), start_(shop.steps()), end_(shop.steps()), list_(shop.steps()), ranks_(shop.ranks) {
  const auto close = [](Direction& d, std::int64_t delta) {
    d.begin.push_back(d.inputs.size());
    d.taken.push_back(std::max<std::int64_t>(delta, 0));
    d.given.push_back(std::max<std::int64_t>(-delta, 0));
  };
  for (std::uint32_t s = 0; s < shop.stages; ++s) {
    for (const ShopInput& in : shop.into_forward(s)) forward_.inputs.push_back({in.stage * 3, in.hop});
    close(forward_, -shop.freed[3 * s]);
    forward_.inputs.push_back({3 * s, 0});
    for (const ShopInput& in : shop.into_input(s)) forward_.inputs.push_back({in.stage * 3 + 1, in.hop});
    close(forward_, -shop.freed[3 * s + 1]);
    forward_.inputs.push_back({3 * s + 1, 0});
    close(forward_, -shop.freed[3 * s + 2]);
  }
  const auto hop_to = [](std::span<const ShopInput> inputs, std::uint32_t stage) {
    for (const ShopInput& in : inputs) if (in.stage == stage) return in.hop;
    return Ticks{0};
  };
  for (std::uint32_t s = 0; s < shop.stages; ++s) {
    backward_.inputs.push_back({3 * s + 1, 0});
    for (const ShopInput& out : shop.into_input(s))
      backward_.inputs.push_back({out.stage * 3, hop_to(shop.into_forward(out.stage), s)});
    close(backward_, shop.freed[3 * s]);
    backward_.inputs.push_back({3 * s + 2, 0});
    for (const ShopInput& in : shop.into_forward(s))
      backward_.inputs.push_back({in.stage * 3 + 1, hop_to(shop.into_input(in.stage), s)});
    close(backward_, shop.freed[3 * s + 1]);
    close(backward_, shop.freed[3 * s + 2]);
  }
}

RankOrders Justifier::round(const RankOrders& orders) {
  time(orders);
  const std::size_t m = shop_.microbatches;
  // Mirror: the rank that may end last ends at 0.
  Ticks horizon = 0;
  std::vector<Ticks> deadline(shop_.ranks);
  Ticks span = 0, makespan = 0;
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    span = std::max(span, ranks_[r].back().end - ranks_[r].front().start);
    makespan = std::max(makespan, ranks_[r].back().end);
  }
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    deadline[r] = shop_.objective == OrderObjective::Span ? ranks_[r].front().start + span : makespan;
    horizon = std::max(horizon, deadline[r]);
  }
  for (std::size_t r = 0; r < shop_.ranks; ++r) release_[r] = horizon - deadline[r];
  for (std::size_t i = 0; i < list_.size(); ++i) list_[i] = {horizon - end_[i], i};
  const auto mirror = [&] {
    for (std::size_t step = 0; step < 3 * shop_.stages; ++step)
      for (std::size_t a = step * m, b = a + m - 1; a <= b && b < a + m; ++a, --b) {
        std::swap(start_[a], start_[b]);
        std::swap(end_[a], end_[b]);
        if (b == 0) break;
      }
  };
  for (auto& [t, i] : list_) i = static_cast<std::uint32_t>(i / m * m + (m - 1 - i % m));
  std::sort(list_.begin(), list_.end());
  place_all(backward_);
  mirror();
  for (std::size_t i = 0; i < list_.size(); ++i) list_[i] = {horizon - end_[i], i};
  std::sort(list_.begin(), list_.end());
  std::fill(release_.begin(), release_.end(), 0);
  place_all(forward_);
  return orders_of();
}

void Justifier::place_all(const Direction& direction) {
  const std::size_t m = shop_.microbatches;
  for (auto& rank : ranks_) rank.clear();
  for (const auto& [t, i] : list_) {
    const Step step = static_cast<Step>(i / m);
    const std::size_t j = i % m;
    Ticks ready = release_[shop_.rank_of[stage_of(step)]];
    if (j > 0) ready = std::max(ready, end_[i - 1]);
    for (std::size_t k = direction.begin[step]; k < direction.begin[step + 1]; ++k) {
      const Input& in = direction.inputs[k];
      ready = std::max(ready, end_[in.step * m + j] + in.hop);
    }
    start_[i] = place(direction, step, ready);
    end_[i] = start_[i] + shop_.duration[step];
  }
}

Ticks Justifier::place(const Direction& direction, Step step, Ticks ready) {
  auto& rank = ranks_[shop_.rank_of[stage_of(step)]];
  const std::int64_t cap = shop_.cap[shop_.rank_of[stage_of(step)]];
  const std::int64_t taken = direction.taken[step];
  const std::int64_t given = direction.given[step];
  const Ticks duration = shop_.duration[step];
  std::size_t best = rank.size();
  Ticks start = rank.empty() ? ready : std::max(ready, rank.back().end);
  std::int64_t most = 0;
  for (std::size_t at = rank.size(); at > 0 && rank[at - 1].end > ready; --at) {
    // Before the step at `at - 1`.
    most = std::max(most, rank[at - 1].peak);
    if (taken > 0 && most + taken > cap) break;
    const Ticks from = std::max(ready, at > 1 ? rank[at - 2].end : Ticks{0});
    if (from + duration > rank[at - 1].start) continue;
    const std::int64_t before = at > 1 ? rank[at - 2].after : 0;
    if (before + taken > cap) continue;
    best = at - 1;
    start = from;
  }
  const std::int64_t before = best > 0 ? rank[best - 1].after : 0;
  rank.insert(rank.begin() + static_cast<std::ptrdiff_t>(best),
              Placed{start, start + duration, before + taken, before + taken - given, step});
  for (std::size_t at = best + 1; at < rank.size(); ++at) {
    rank[at].peak += taken - given;
    rank[at].after += taken - given;
  }
  return start;
}

void Justifier::time(const RankOrders& orders) {
  const std::size_t m = shop_.microbatches;
  std::vector<std::uint32_t> done(3 * shop_.stages);
  for (auto& rank : ranks_) rank.clear();
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t r = 0; r < shop_.ranks; ++r) {
      const auto steps = orders.rank(r);
      while (ranks_[r].size() < steps.size()) {
        const Step step = steps[ranks_[r].size()];
        const std::size_t j = done[step];
        Ticks ready = ranks_[r].empty() ? 0 : ranks_[r].back().end;
        bool here = true;
        for (std::size_t k = forward_.begin[step]; k < forward_.begin[step + 1]; ++k) {
          const Input& in = forward_.inputs[k];
          if (done[in.step] <= j) { here = false; break; }
          ready = std::max(ready, end_[in.step * m + j] + in.hop);
        }
        if (!here) break;
        start_[step * m + j] = ready;
        end_[step * m + j] = ready + shop_.duration[step];
        ranks_[r].push_back({ready, ready + shop_.duration[step], 0, 0, step});
        ++done[step];
        moved = true;
      }
    }
  }
}

RankOrders Justifier::orders_of() const {
  RankOrders orders;
  orders.steps.reserve(shop_.steps());
  for (const auto& rank : ranks_) {
    for (const Placed& placed : rank) orders.steps.push_back(placed.step);
    orders.begin.push_back(orders.steps.size());
  }
  return orders;
}

}  // namespace stagecraft
