#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "sim/engine/task_graph.h"
#include "sim/pipeline/problem.h"

namespace stagecraft {

/// Why a schedule cannot run, in words, and the op to blame.
struct ScheduleFault {
  std::string message;
  int rank = 0;
  std::size_t position = 0;  ///< of the op in its rank's list
};

/// A schedule as tasks, with an order in which they can be swept. Task i is op i of the schedule.
struct LoweredSchedule {
  TaskGraph graph;
  std::vector<TaskId> order;
};

/// Turns ops into tasks whose inputs are the ops they need. Proves on the way what Schedule promises: every
/// stage and micro-batch has one F and one B (or one I and one W after it), on the rank that holds the
/// stage, in an order without deadlock; otherwise says what is wrong. O(ops) time; per op 16 bytes for the
/// task, 4 for the order and 4 while it builds.
std::variant<LoweredSchedule, ScheduleFault> lower(const PipelineProblem& problem);

}  // namespace stagecraft
