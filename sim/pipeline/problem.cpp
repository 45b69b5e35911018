#include "sim/pipeline/problem.h"

#include <algorithm>

namespace stagecraft {

std::vector<int> rank_of_stage(const Schedule& schedule, std::size_t stages) {
  std::vector<int> rank_of(stages, -1);
  for (int rank = 0; rank < schedule.ranks(); ++rank)
    for (const Op& op : schedule.rank(rank))
      if (op.stage < stages) rank_of[op.stage] = rank;
  return rank_of;
}

std::vector<StageEdge> chain(int stages, Duration hop) {
  std::vector<StageEdge> edges;
  for (int stage = 0; stage + 1 < stages; ++stage) edges.push_back({stage, stage + 1, hop, hop});
  return edges;
}

Schedule with_blocking_sends(const Schedule& schedule, const std::vector<StageEdge>& edges) {
  std::size_t stages = 0;
  for (const StageEdge& edge : edges)
    stages = std::max({stages, std::size_t(edge.from) + 1, std::size_t(edge.to) + 1});
  const std::vector<int> rank_of = rank_of_stage(schedule, stages);
  std::vector<bool> sends_forward(stages);
  std::vector<bool> sends_backward(stages);
  for (const StageEdge& edge : edges) {
    const auto from = static_cast<std::size_t>(edge.from);
    const auto to = static_cast<std::size_t>(edge.to);
    if (rank_of[from] == rank_of[to]) continue;
    sends_forward[from] = true;
    sends_backward[to] = true;
  }
  Schedule result;
  result.ops.reserve(2 * schedule.ops.size());
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    for (const Op& op : schedule.rank(rank)) {
      result.ops.push_back(op);
      const bool makes_gradient = op.kind == OpKind::Backward || op.kind == OpKind::InputGradient;
      if (op.kind == OpKind::Forward && op.stage < stages && sends_forward[op.stage])
        result.ops.push_back(make_op(OpKind::SendForward, op.stage, static_cast<int>(op.microbatch)));
      if (makes_gradient && op.stage < stages && sends_backward[op.stage])
        result.ops.push_back(make_op(OpKind::SendBackward, op.stage, static_cast<int>(op.microbatch)));
    }
    result.close_rank();
  }
  return result;
}

Schedule with_step_end(const Schedule& schedule, const std::vector<StageCost>& stages) {
  const std::vector<int> rank_of = rank_of_stage(schedule, stages.size());
  std::vector<std::vector<std::size_t>> stages_of(static_cast<std::size_t>(schedule.ranks()));
  for (std::size_t stage = stages.size(); stage-- > 0;)
    if (rank_of[stage] >= 0) stages_of[static_cast<std::size_t>(rank_of[stage])].push_back(stage);
  Schedule result;
  result.ops.reserve(schedule.ops.size() + 2 * stages.size());
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    const std::span<const Op> ops = schedule.rank(rank);
    result.ops.insert(result.ops.end(), ops.begin(), ops.end());
    const auto append = [&](OpKind kind, Duration StageCost::*cost) {
      for (std::size_t stage : stages_of[static_cast<std::size_t>(rank)])
        if (stages[stage].*cost > Duration{0}) result.ops.push_back(make_op(kind, static_cast<int>(stage)));
    };
    append(OpKind::ReduceGradient, &StageCost::gradient_reduction);
    append(OpKind::Optimizer, &StageCost::optimizer);
    result.close_rank();
  }
  return result;
}

}  // namespace stagecraft
