#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "planners/order/order_planner.h"
#include "planners/order/shop.h"
#include "tests/sim/sim_helpers.h"

namespace stagecraft::test {

/// Equal stages. `held` and `kept` are M_B and M_W.
struct EqualStages {
  int ranks = 1;
  int microbatches = 1;
  int chunks = 1;
  Duration forward{0};
  Duration input{0};
  Duration weight{0};
  Duration hop{0};
  std::int64_t held = 2;
  std::int64_t kept = 1;
};

/// Ranks that hold `chunks` stages each, with the direction turned from chunk to chunk: with two, rank r
/// holds r and 2p - 1 - r (the V of Qi et al., NeurIPS 2024).
inline std::vector<int> wave_placement(int ranks, int chunks) {
  std::vector<int> rank_of;
  for (int stage = 0; stage < ranks * chunks; ++stage) {
    const int at = stage % ranks;
    rank_of.push_back(stage / ranks % 2 == 0 ? at : ranks - 1 - at);
  }
  return rank_of;
}

/// A chain on ranks in a wave. `cap` in bytes, the same on every rank; 0: none.
inline OrderProblem equal_problem(const EqualStages& equal, std::int64_t cap) {
  const StageCost stage{.forward = equal.forward,
                        .input_gradient = equal.input,
                        .weight_gradient = equal.weight,
                        .activation_bytes = equal.held,
                        .weight_gradient_bytes = equal.kept};
  const int stages = equal.ranks * equal.chunks;
  OrderProblem problem{.microbatches = equal.microbatches,
                       .stages = std::vector<StageCost>(static_cast<std::size_t>(stages), stage),
                       .edges = chain(stages, equal.hop),
                       .rank_of = wave_placement(equal.ranks, equal.chunks)};
  if (cap > 0) problem.activation_cap.assign(static_cast<std::size_t>(equal.ranks), cap);
  return problem;
}

/// The plan's schedule with the problem's costs, as the simulator takes it.
inline PipelineProblem pipeline_of(const OrderProblem& problem, const Schedule& schedule) {
  const int ranks = 1 + *std::max_element(problem.rank_of.begin(), problem.rank_of.end());
  return {.schedule = schedule,
          .shape = {.ranks = ranks,
                    .microbatches = problem.microbatches,
                    .chunks = static_cast<int>(problem.stages.size()) / ranks},
          .stages = problem.stages,
          .edges = problem.edges};
}

/// The most bytes of activations that each rank holds.
inline std::vector<std::int64_t> peak_memory(const Shop& shop, const RankOrders& orders) {
  std::vector<std::int64_t> peaks(shop.ranks);
  for (std::size_t r = 0; r < shop.ranks; ++r) {
    std::int64_t held = 0;
    for (Step step : orders.rank(r)) {
      held -= shop.freed[step];
      peaks[r] = std::max(peaks[r], held);
    }
  }
  return peaks;
}

/// What is wrong with a plan, as the simulator sees it; empty when nothing is.
inline std::string fault_of(const OrderProblem& problem, const OrderPlan& plan) {
  const PipelineProblem pipeline = pipeline_of(problem, plan.schedule);
  if (const std::string fault = fault_of(pipeline); !fault.empty()) return fault;
  for (std::size_t s = 0; s < problem.stages.size(); ++s)
    if (rank_of_stage(plan.schedule, problem.stages.size())[s] != problem.rank_of[s]) return "placement";
  const PipelineMetrics metrics = simulate(pipeline).metrics;
  for (std::size_t r = 0; r < problem.activation_cap.size(); ++r)
    if (metrics.ranks[r].memory.peak_bytes > problem.activation_cap[r]) return "memory";
  if (metrics.span != plan.span) return "span";
  if (metrics.makespan != plan.makespan) return "makespan";
  const Duration value = problem.objective == OrderObjective::Span ? plan.span : plan.makespan;
  if (plan.lower_bound > value) return "bound";
  if (plan.proven != (plan.lower_bound == value)) return "proof";
  return {};
}

}  // namespace stagecraft::test
