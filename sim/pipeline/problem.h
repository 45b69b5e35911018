#pragma once

#include <string>
#include <vector>

#include "models/stage_cost.h"
#include "sim/schedule/schedule.h"

namespace stagecraft {

/// Stage `to` needs the output of stage `from`; gradients flow back. Hops are latency + bytes / bandwidth
/// of one micro-batch and are charged only where the two stages sit on different ranks.
struct StageEdge {
  int from = 0;
  int to = 0;
  Duration forward_hop{0};
  Duration backward_hop{0};
};

/// What moves between ranks while ops run.
enum class TransferMode : std::uint8_t {
  Overlap,   ///< asynchronous: a transfer takes no time of either rank
  Blocking,  ///< the sending rank is held until the data has arrived
};

/// A schedule with its costs: all that the simulator needs. `shape` has as many replicas and segments as the
/// ops.
struct PipelineProblem {
  Schedule schedule;
  ScheduleShape shape;
  std::vector<StageCost> stages;  ///< shape.stages() entries: a stage's costs for a whole micro-batch
  /// With segments, by segment: what a part of a micro-batch costs. Empty where there is one segment.
  std::vector<std::vector<StageCost>> segment_stages = {};
  std::vector<StageEdge> edges;  ///< a DAG over the stages; the chain 0 -> 1 -> ... for a sequential pipeline
  /// By replica * segments + segment: `edges` with the hops of that replica and segment. Empty where all have
  /// those of `edges`.
  std::vector<std::vector<StageEdge>> variant_edges = {};
  std::vector<int> weight_versions = {};  ///< by rank: how many of its weights it keeps; empty: one each
  TransferMode transfers = TransferMode::Overlap;
  bool shared_links =
      false;  ///< transfers of one direction between two ranks queue for their link (event engine)

  const StageCost& cost(std::size_t stage, std::size_t segment) const {
    return segment_stages.empty() ? stages[stage] : segment_stages[segment][stage];
  }
};

/// Which rank holds what. "Placed stage": replica * stages + stage.
struct StagePlacement {
  std::vector<int> rank_of;  ///< by placed stage; -1 without ops
  /// By placed stage: the rank that keeps its activations while they are away; -1: none does. Empty where no
  /// activations are evicted.
  std::vector<int> host_of;
  /// By placed stage of a forward: the placed stages whose backwards run as one op with it, in order. Empty
  /// where no ops are fused.
  std::vector<std::vector<std::uint32_t>> fused_with;

  bool evicts() const { return !host_of.empty(); }
  void add_host(std::size_t placed, int rank);
  void add_fused(std::size_t forward, std::size_t backward);
};

/// The placement of a schedule of that shape; ops of stages or replicas beyond it are left out. O(ops).
StagePlacement placement_of(const Schedule& schedule, const ScheduleShape& shape);

/// The rank that holds each of `stages` stages in the first replica; -1 for stages without ops. O(ops).
std::vector<int> rank_of_stage(const Schedule& schedule, std::size_t stages);

/// The edges of a sequential pipeline of `stages` stages with the same hop everywhere.
std::vector<StageEdge> chain(int stages, Duration hop);

/// The schedule with a SEND op behind every forward and backward whose result another rank needs: what a
/// rank does when transfers block it.
Schedule with_blocking_sends(const Schedule& schedule, const ScheduleShape& shape,
                             const std::vector<StageEdge>& edges);

/// The schedule with one gradient reduction and one optimizer op per stage and replica at the end of its
/// rank, for the stages whose cost has them. With `update_every` > 0 they stand behind the backwards of as
/// many micro-batches each, and at the end for the rest.
Schedule with_step_end(const Schedule& schedule, const ScheduleShape& shape,
                       const std::vector<StageCost>& stages, int update_every = 0);

}  // namespace stagecraft
