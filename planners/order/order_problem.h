#pragma once

#include <cstdint>
#include <vector>

#include "models/stage_cost.h"
#include "sim/pipeline/problem.h"

namespace stagecraft {

/// What a planner of orders makes short.
enum class OrderObjective : std::uint8_t {
  Span,      ///< the longest rank span: first op's start to last op's end on one rank
  Makespan,  ///< start of the step to the end of its last op
};

/// Which order shall every rank run its F, I and W in? The costs, the placement and the memory are given.
///
/// Of a stage's cost the times of F, I and W count, and M_B and M_W (activation_bytes,
/// weight_gradient_bytes): F takes M_B when it starts, I gives M_B - M_W back when it ends, W gives M_W.
struct OrderProblem {
  int microbatches = 1;
  std::vector<StageCost> stages;
  /// A DAG over the stages. Hops are charged between different ranks only, of parallel edges the longest.
  std::vector<StageEdge> edges;
  std::vector<int> rank_of;  ///< by stage: 0 .. ranks - 1, every rank used
  /// By rank: the most bytes of activations that it may hold, without weights and without the working memory
  /// of the running op. Empty: no limit.
  std::vector<std::int64_t> activation_cap;
  OrderObjective objective = OrderObjective::Span;
};

/// The longest that all ops and hops of a problem may take together: multiples of it, as the search compares
/// them, stay far from 64 bits.
inline constexpr Duration kLongestOrder = std::chrono::hours{1000};

/// Whether they do. O(stages + edges).
bool within_longest(const OrderProblem& problem);

}  // namespace stagecraft
