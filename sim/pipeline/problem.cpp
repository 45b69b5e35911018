#include "sim/pipeline/problem.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// The op that sends a result on, for the same micro-batch and replica.
Op send(OpKind kind, Op op) {
  op.kind = kind;
  return op;
}

/// Which placed stages send their outputs and their input gradients to another rank.
struct Senders {
  std::size_t stages;
  std::vector<bool> forward;
  std::vector<bool> backward;

  Senders(const StagePlacement& placement, std::size_t stage_count, const std::vector<StageEdge>& edges)
      : stages(stage_count), forward(placement.rank_of.size()), backward(placement.rank_of.size()) {
    for (std::size_t first = 0; first < placement.rank_of.size(); first += stages)
      for (const StageEdge& edge : edges) {
        const std::size_t from = first + static_cast<std::size_t>(edge.from);
        const std::size_t to = first + static_cast<std::size_t>(edge.to);
        if (placement.rank_of[from] == placement.rank_of[to]) continue;
        forward[from] = true;
        backward[to] = true;
      }
  }
  bool sends(const Op& op) const {
    const auto& senders = op.kind == OpKind::Forward ? forward : backward;
    return senders[op.replica * stages + op.stage];
  }
};

}  // namespace

StagePlacement placement_of(const Schedule& schedule, const ScheduleShape& shape) {
  const auto stages = static_cast<std::size_t>(shape.stages());
  StagePlacement placement{.rank_of =
                               std::vector<int>(stages * static_cast<std::size_t>(shape.replicas), -1)};
  const auto inside = [&](std::size_t stage, std::size_t replica) {
    return stage < stages && replica < static_cast<std::size_t>(shape.replicas);
  };
  for (int rank = 0; rank < schedule.ranks(); ++rank)
    for (const Op& op : schedule.rank(rank)) {
      if (!inside(op.stage, op.replica)) continue;
      const std::size_t at = op.replica * stages + op.stage;
      if (for_another_rank(op.kind)) {
        placement.add_host(at, rank);
        continue;
      }
      placement.rank_of[at] = rank;
      if (op.kind != OpKind::ForwardBackward || !inside(op.partner_stage, op.partner_replica)) continue;
      const std::size_t partner = op.partner_replica * stages + op.partner_stage;
      placement.rank_of[partner] = rank;
      placement.add_fused(at, partner);
    }
  return placement;
}

void StagePlacement::add_host(std::size_t placed, int rank) {
  if (host_of.empty()) host_of.assign(rank_of.size(), -1);
  host_of[placed] = rank;
}

void StagePlacement::add_fused(std::size_t forward, std::size_t backward) {
  if (fused_with.empty()) fused_with.resize(rank_of.size());
  std::vector<std::uint32_t>& with = fused_with[forward];
  const auto number = static_cast<std::uint32_t>(backward);
  const auto at = std::lower_bound(with.begin(), with.end(), number);
  if (at == with.end() || *at != number) with.insert(at, number);
}

std::vector<int> rank_of_stage(const Schedule& schedule, std::size_t stages) {
  return placement_of(schedule, {.ranks = 1, .chunks = static_cast<int>(stages)}).rank_of;
}

std::vector<StageEdge> chain(int stages, Duration hop) {
  std::vector<StageEdge> edges;
  for (int stage = 0; stage + 1 < stages; ++stage) edges.push_back({stage, stage + 1, hop, hop});
  return edges;
}

Schedule with_blocking_sends(const Schedule& schedule, const ScheduleShape& shape,
                             const std::vector<StageEdge>& edges) {
  const Senders senders(placement_of(schedule, shape), static_cast<std::size_t>(shape.stages()), edges);
  Schedule result;
  result.ops.reserve(2 * schedule.ops.size());
  const auto append_send = [&](const Op& op) {
    if (!senders.sends(op)) return;
    result.ops.push_back(send(op.kind == OpKind::Forward ? OpKind::SendForward : OpKind::SendBackward, op));
  };
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    for (const Op& op : schedule.rank(rank)) {
      result.ops.push_back(op);
      if (op.kind == OpKind::ForwardBackward) {
        append_send(forward_half(op));
        append_send(backward_half(op));
      } else if (has_forward(op.kind) || has_input_gradient(op.kind)) {
        append_send(op);
      }
    }
    result.close_rank();
  }
  return result;
}

namespace {

/// The ops with which a stage's gradients become new weights: those that cost time.
void append_update(const Op& stage, const StageCost& cost, OpKind kind, LargeArray<Op>& ops) {
  const Duration time = kind == OpKind::ReduceGradient ? cost.gradient_reduction : cost.optimizer;
  if (time <= Duration{0}) return;
  Op op = make_op(kind, stage.stage);
  op.replica = stage.replica;
  ops.push_back(op);
}

/// The stages of every rank, as ops, the last one first.
std::vector<std::vector<Op>> stages_by_rank(const Schedule& schedule, const ScheduleShape& shape) {
  const StagePlacement placement = placement_of(schedule, shape);
  const auto stages = static_cast<std::size_t>(shape.stages());
  std::vector<std::vector<Op>> result(static_cast<std::size_t>(schedule.ranks()));
  for (std::size_t at = placement.rank_of.size(); at-- > 0;) {
    if (placement.rank_of[at] < 0) continue;
    Op op = make_op(OpKind::Optimizer, static_cast<int>(at % stages));
    op.replica = static_cast<std::uint8_t>(at / stages);
    result[static_cast<std::size_t>(placement.rank_of[at])].push_back(op);
  }
  return result;
}

}  // namespace

Schedule with_step_end(const Schedule& schedule, const ScheduleShape& shape,
                       const std::vector<StageCost>& stages, int update_every) {
  const std::vector<std::vector<Op>> stages_of = stages_by_rank(schedule, shape);
  Schedule result;
  result.ops.reserve(schedule.ops.size() + 2 * stages.size() * static_cast<std::size_t>(shape.replicas));
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    const std::vector<Op>& held = stages_of[static_cast<std::size_t>(rank)];
    const auto update = [&] {
      for (const OpKind kind : {OpKind::ReduceGradient, OpKind::Optimizer})
        for (const Op& stage : held) append_update(stage, stages[stage.stage], kind, result.ops);
    };
    int waiting = 0;  // micro-batches whose gradients are in no update
    for (const Op& op : schedule.rank(rank)) {
      result.ops.push_back(op);
      waiting += op.kind == OpKind::Backward;
      if (update_every == 0 || waiting < update_every) continue;
      waiting = 0;
      update();
    }
    if (update_every == 0 || waiting > 0) update();
    result.close_rank();
  }
  return result;
}

}  // namespace stagecraft
