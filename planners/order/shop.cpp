#include "planners/order/shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>

namespace stagecraft {

namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw std::invalid_argument(message);
}

void check_shape(const OrderProblem& problem) {
  const std::size_t stages = problem.stages.size();
  require(problem.microbatches >= 1,
          fmt::format("order: at least one micro-batch is needed, got {}", problem.microbatches));
  require(stages >= 1 && stages <= kMaxStages, fmt::format("order: {} stages", stages));
  require(problem.rank_of.size() == stages,
          fmt::format("order: {} stages, but ranks are given for {}", stages, problem.rank_of.size()));
  for (const StageEdge& edge : problem.edges)
    require(
        edge.from >= 0 && edge.to >= 0 && std::size_t(edge.from) < stages && std::size_t(edge.to) < stages,
        fmt::format("order: edge {} -> {} leaves the {} stages", edge.from, edge.to, stages));
}

void check_costs(const OrderProblem& problem) {
  for (std::size_t s = 0; s < problem.stages.size(); ++s) {
    const StageCost& cost = problem.stages[s];
    require(std::min({cost.forward, cost.input_gradient, cost.weight_gradient}) >= Duration{0},
            fmt::format("order: stage {} has a negative time", s));
    require(cost.weight_gradient_bytes >= 0 && cost.weight_gradient_bytes <= cost.activation_bytes,
            fmt::format("order: stage {} keeps {} bytes for W, but F took {}", s, cost.weight_gradient_bytes,
                        cost.activation_bytes));
  }
  for (const StageEdge& edge : problem.edges)
    require(std::min(edge.forward_hop, edge.backward_hop) >= Duration{0},
            fmt::format("order: edge {} -> {} has a negative hop", edge.from, edge.to));
  require(within_longest(problem), "order: all ops and hops together take more than 1000 h");
}

/// Lists by key, one behind the other.
template <class T, class Key>
std::vector<std::size_t> sort_into_lists(std::vector<T>& items, std::size_t keys, Key key) {
  std::stable_sort(items.begin(), items.end(), [&](const T& a, const T& b) { return key(a) < key(b); });
  std::vector<std::size_t> begin(keys + 1);
  for (const T& item : items) ++begin[key(item) + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  return begin;
}

/// Of several edges between the same two stages the longest hops count: one edge.
std::vector<StageEdge> without_parallels(const std::vector<StageEdge>& edges) {
  std::vector<StageEdge> single;
  std::map<std::pair<int, int>, std::size_t> place;
  for (const StageEdge& edge : edges) {
    const auto [at, first] = place.try_emplace({edge.from, edge.to}, single.size());
    if (first) single.push_back(edge);
    StageEdge& kept = single[at->second];
    kept.forward_hop = std::max(kept.forward_hop, edge.forward_hop);
    kept.backward_hop = std::max(kept.backward_hop, edge.backward_hop);
  }
  return single;
}

void add_edges(Shop& shop, const OrderProblem& problem, bool forward) {
  std::vector<StageEdge> edges = without_parallels(problem.edges);
  const auto key = [&](const StageEdge& e) { return static_cast<std::size_t>(forward ? e.to : e.from); };
  (forward ? shop.into_begin : shop.out_of_begin) = sort_into_lists(edges, shop.stages, key);
  for (const StageEdge& edge : edges) {
    const bool remote = problem.rank_of[std::size_t(edge.from)] != problem.rank_of[std::size_t(edge.to)];
    const Duration hop = forward ? edge.forward_hop : edge.backward_hop;
    (forward ? shop.into : shop.out_of)
        .push_back({static_cast<std::uint32_t>(forward ? edge.from : edge.to), remote ? hop.count() : 0});
  }
}

/// Producers first; of those that could come next the lowest number.
void find_flow(Shop& shop) {
  std::vector<std::size_t> missing(shop.stages);
  for (std::size_t s = 0; s < shop.stages; ++s) missing[s] = shop.into_forward(s).size();
  std::vector<bool> done(shop.stages);
  while (shop.flow.size() < shop.stages) {
    std::size_t next = 0;
    while (next < shop.stages && (done[next] || missing[next] > 0)) ++next;
    require(next < shop.stages, "order: the stages form a circle");
    done[next] = true;
    shop.flow.push_back(static_cast<std::uint32_t>(next));
    for (const ShopInput& consumer : shop.into_input(next)) --missing[consumer.stage];
  }
}

void add_ranks(Shop& shop, const OrderProblem& problem) {
  for (int rank : problem.rank_of) {
    // Before anything is laid out by rank: there are no more of them than stages.
    require(rank >= 0 && static_cast<std::size_t>(rank) < shop.stages,
            fmt::format("order: rank {}, but {} stages make ranks 0 to {} at most", rank, shop.stages,
                        shop.stages - 1));
    shop.rank_of.push_back(static_cast<std::uint32_t>(rank));
    shop.ranks = std::max(shop.ranks, static_cast<std::size_t>(rank) + 1);
  }
  shop.by_rank = shop.flow;
  shop.rank_begin = sort_into_lists(shop.by_rank, shop.ranks,
                                    [&](std::uint32_t s) { return std::size_t(shop.rank_of[s]); });
  for (std::size_t r = 0; r < shop.ranks; ++r)
    require(!shop.stages_on(r).empty(), fmt::format("order: rank {} holds no stage", r));
}

void add_costs(Shop& shop, const OrderProblem& problem) {
  shop.work.resize(shop.ranks);
  shop.whole.resize(shop.ranks);
  for (std::size_t s = 0; s < shop.stages; ++s) {
    const StageCost& cost = problem.stages[s];
    for (const Duration time : {cost.forward, cost.input_gradient, cost.weight_gradient}) {
      shop.duration.push_back(time.count());
      shop.work[shop.rank_of[s]] += time.count() * problem.microbatches;
    }
    shop.freed.insert(shop.freed.end(),
                      {-cost.activation_bytes, cost.activation_bytes - cost.weight_gradient_bytes,
                       cost.weight_gradient_bytes});
    shop.whole[shop.rank_of[s]] += cost.activation_bytes;
  }
}

void add_caps(Shop& shop, const OrderProblem& problem) {
  shop.cap = problem.activation_cap;
  if (shop.cap.empty()) shop.cap.assign(shop.ranks, std::numeric_limits<std::int64_t>::max() / 4);
  require(shop.cap.size() == shop.ranks,
          fmt::format("order: {} ranks, but {} memory caps", shop.ranks, shop.cap.size()));
  for (std::size_t r = 0; r < shop.ranks; ++r)
    require(shop.whole[r] <= shop.cap[r],
            fmt::format("order: rank {} may hold {} bytes of activations, but one micro-batch needs {}", r,
                        shop.cap[r], shop.whole[r]));
}

}  // namespace

bool within_longest(const OrderProblem& problem) {
  double time = 0;
  for (const StageCost& stage : problem.stages)
    time += to_seconds(stage.forward) + to_seconds(stage.input_gradient) + to_seconds(stage.weight_gradient);
  for (const StageEdge& edge : problem.edges)
    time += to_seconds(edge.forward_hop) + to_seconds(edge.backward_hop);
  return time * problem.microbatches <= to_seconds(kLongestOrder);
}

Shop make_shop(const OrderProblem& problem) {
  check_shape(problem);
  check_costs(problem);
  Shop shop{.stages = problem.stages.size(),
            .microbatches = static_cast<std::size_t>(problem.microbatches),
            .objective = problem.objective};
  add_edges(shop, problem, true);
  add_edges(shop, problem, false);
  find_flow(shop);
  add_ranks(shop, problem);
  add_costs(shop, problem);
  add_caps(shop, problem);
  return shop;
}

Schedule to_schedule(const RankOrders& orders, std::size_t stages) {
  constexpr OpKind kKinds[] = {OpKind::Forward, OpKind::InputGradient, OpKind::WeightGradient};
  std::vector<int> next(3 * stages);
  Schedule schedule;
  schedule.ops.reserve(orders.steps.size());
  for (std::size_t r = 0; r + 1 < orders.begin.size(); ++r) {
    for (Step step : orders.rank(r))
      schedule.ops.push_back(make_op(kKinds[kind_of(step)], static_cast<int>(stage_of(step)), next[step]++));
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
