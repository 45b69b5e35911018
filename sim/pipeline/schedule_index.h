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
struct ScheduleIndex {
  std::vector<int> rank_of;  ///< by stage
  std::size_t microbatches = 0;
  LargeArray<TaskId> forward;   ///< by slot(): the task that ends with the forward's output ready to go
  LargeArray<TaskId> gradient;  ///< by slot(): the task that ends with the input gradient ready to go

  std::size_t slot(std::size_t stage, std::size_t microbatch) const {
    return stage * microbatches + microbatch;
  }
};

/// Walks every rank's list and proves that each op may stand where it does and that none is missing: every
/// stage and micro-batch has one F and then one B, or one I and after it one W, all on the rank that holds
/// the stage. Or says what is wrong. Whether the order can run without deadlock is not asked here. O(ops).
std::variant<ScheduleIndex, ScheduleFault> index_schedule(const PipelineProblem& problem);

}  // namespace stagecraft
