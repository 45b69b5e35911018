#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/task_graph.h"

namespace stagecraft {

/// One input of a task, seen from the task that makes it.
struct Consumer {
  TaskId task = kNoTask;
  std::uint32_t input = 0;  ///< which of the task's inputs
  std::uint32_t link = kNoLink;
  Duration latency{0};
};

/// Who reads each task's result: a task graph turned around. In the graph's own coding, 4 bytes an input, so
/// that building it costs one pass and no sorting.
///
/// Edge 2t + k is inputs[k] of task t; edge 2n + i is TaskGraph::more[i]. Inputs that a resource made for
/// itself, earlier, without latency and link, are left out: the order on the resource implies them.
class Consumers {
 public:
  explicit Consumers(const TaskGraph& graph);

  /// How many inputs each task waits for, those left out not counted.
  const std::vector<std::uint32_t>& waits() const { return waits_; }

  /// Calls `visit(const Consumer&)` for the readers of `task`, in order of TaskId, then of input.
  template <typename Visit>
  void for_each(TaskId task, Visit&& visit) const {
    for (std::uint32_t edge = first_[task]; edge != kEnd; edge = next_[edge]) visit(consumer(edge));
  }

 private:
  static constexpr std::uint32_t kEnd = 0xFFFFFFFFu;

  Consumer consumer(std::uint32_t edge) const {
    if (edge >= first_more_) [[unlikely]]
      return consumer_of_many(edge - first_more_);
    const TaskId task = edge / 2;
    const std::uint32_t k = edge % 2;
    const TaskCost& cost = graph_->costs[graph_->tasks[task].cost];
    return {.task = task, .input = k, .link = cost.link[k], .latency = cost.latency[k]};
  }
  Consumer consumer_of_many(std::uint32_t more) const;
  void add(const Consumer& to, TaskId from, std::uint32_t edge);

  const TaskGraph* graph_;
  std::uint32_t first_more_;
  std::vector<std::uint32_t> first_;  // edge, by producer
  std::vector<std::uint32_t> next_;   // edge, by edge: of the same producer
  std::vector<std::uint32_t> waits_;
  std::vector<TaskId> owner_;  // of more[i]
};

}  // namespace stagecraft
