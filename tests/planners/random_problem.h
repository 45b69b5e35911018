#pragma once

#include "base/random.h"
#include "tests/planners/order_helpers.h"

namespace stagecraft::test {

/// Ranks that hold `chunks` stages each: rank r holds r, p + r, 2p + r, ...
inline std::vector<int> looped_placement(int ranks, int chunks) {
  std::vector<int> rank_of;
  for (int stage = 0; stage < ranks * chunks; ++stage) rank_of.push_back(stage % ranks);
  return rank_of;
}

/// How large random_problem() makes them.
struct RandomShape {
  int most_ranks = 3;
  int most_microbatches = 4;
  int most_chunks = 3;
};

/// Uneven stages, hops, memory and caps, any placement; sometimes a stage with no time, or a graph with a
/// branch.
inline OrderProblem random_problem(std::uint64_t seed, const RandomShape& shape) {
  RandomStream random(seed, "order problem");
  const int ranks = static_cast<int>(random.between(1, shape.most_ranks));
  const int chunks = random.chance(0.5) ? 1 : static_cast<int>(random.between(1, shape.most_chunks));
  OrderProblem problem{
      .microbatches = static_cast<int>(random.between(1, shape.most_microbatches)),
      .stages = {},
      .edges = {},
      .rank_of = random.chance(0.5) ? wave_placement(ranks, chunks) : looped_placement(ranks, chunks)};
  const std::int64_t least = random.chance(0.1) ? 0 : 1;
  std::vector<std::int64_t> whole(static_cast<std::size_t>(ranks));
  for (int s = 0; s < ranks * chunks; ++s) {
    const std::int64_t held = random.between(0, 6);
    problem.stages.push_back({.forward = Duration(random.between(least, 9)),
                              .input_gradient = Duration(random.between(least, 9)),
                              .weight_gradient = Duration(random.between(least, 9)),
                              .activation_bytes = held,
                              .weight_gradient_bytes = random.between(0, held)});
    whole[static_cast<std::size_t>(problem.rank_of[static_cast<std::size_t>(s)])] += held;
    if (s > 0)
      problem.edges.push_back({s - 1, s, Duration(random.between(0, 4)), Duration(random.between(0, 4))});
    if (s > 1 && random.chance(0.1)) problem.edges.push_back({s - 2, s, Duration(1), Duration(2)});
  }
  if (random.chance(0.8))
    for (std::int64_t bytes : whole) problem.activation_cap.push_back(bytes + random.between(0, 2 * bytes));
  if (random.chance(0.4)) problem.objective = OrderObjective::Makespan;
  return problem;
}

}  // namespace stagecraft::test
