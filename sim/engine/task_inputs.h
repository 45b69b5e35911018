#pragma once

#include "sim/engine/task_graph.h"

namespace stagecraft {

/// Calls visit(input, latency, link) for each input of a task, in their order.
template <class Visit>
void for_each_input(const TaskGraph& graph, TaskId id, Visit visit) {
  const Task& task = graph.tasks[id];
  const TaskCost& cost = graph.costs[task.cost];
  if (task.inputs[0] != kNoTask) visit(task.inputs[0], cost.latency[0], cost.link[0]);
  if (task.inputs[1] == kNoTask) return;
  if (!(task.inputs[1] & kMoreInputs)) return visit(task.inputs[1], cost.latency[1], cost.link[1]);
  const std::size_t list = task.inputs[1] & ~kMoreInputs;
  for (std::size_t i = graph.more_begin[list]; i < graph.more_begin[list + 1]; ++i)
    visit(graph.more[i].input, graph.more[i].latency, graph.more[i].link);
}

}  // namespace stagecraft
