#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/large_array.h"
#include "sim/engine/task_graph.h"
#include "sim/pipeline/problem.h"

namespace stagecraft {

/// Why a schedule cannot run, in words, and the op to blame.
struct ScheduleFault {
  std::string message;
  int rank = 0;
  std::size_t position = 0;  ///< of the op in its rank's list
};

/// Where a schedule puts things. Task i is op i of the schedule.
///
/// Stage g in replica r is "placed stage" r * stages + g; a unit is a micro-batch, or with segments one of
/// its parts: microbatch * segments + segment.
struct ScheduleIndex {
  std::size_t stages = 0;
  std::size_t segments = 1;
  std::size_t units = 0;
  StagePlacement placement;
  LargeArray<TaskId> forward;  ///< by slot(): the task that ends with the forward's output ready to go
  /// By slot(): the tasks that evict activations and that return them. Empty where none are evicted.
  LargeArray<TaskId> evicted;
  LargeArray<TaskId> returned;
  LargeArray<TaskId> gradient;  ///< by slot(): the task that ends with the input gradient ready to go

  std::size_t unit(const Op& op) const { return op.microbatch * segments + op.segment; }
  std::size_t slot(std::size_t stage, std::size_t unit) const { return stage * units + unit; }
  std::size_t slot(const Op& op) const { return slot(op.stage, unit(op)); }
};

/// Walks every rank's list and proves that each op may stand where it does and that none is missing: every
/// stage and unit has one F and then one B, or one I and after it one W, all on the rank that holds the stage
/// in the micro-batch's replica; segments forward in order, backward in the opposite one. Or says what is
/// wrong. Whether the order can run without deadlock is not asked here. O(ops).
std::variant<ScheduleIndex, ScheduleFault> index_schedule(const PipelineProblem& problem);

}  // namespace stagecraft
