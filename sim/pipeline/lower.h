#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "sim/engine/task_graph.h"
#include "sim/pipeline/problem.h"
#include "sim/pipeline/schedule_index.h"

namespace stagecraft {

/// A schedule as tasks whose inputs are the ops they need: task i is op i of the schedule. Fails where
/// index_schedule() does. O(ops) time; per op 16 bytes for the task and 4 while it builds.
std::variant<TaskGraph, ScheduleFault> lower(const PipelineProblem& problem);

/// The costs of the tasks that lower() makes of a problem, without its tasks: what TaskGraph::costs becomes
/// when stages and edges cost something else. `placement` is that of its schedule.
/// O(cost classes): replicas x segments x stages x kinds, and the pairs of stages that are fused.
std::vector<TaskCost> task_costs(const PipelineProblem& problem, StagePlacement placement);

/// Proves all that Schedule promises, freedom from deadlock included; otherwise says what is wrong. O(ops).
std::optional<ScheduleFault> check(const PipelineProblem& problem);

}  // namespace stagecraft
