#pragma once

#include <cstdint>
#include <memory>
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

/// Who reads each task's result: a task graph turned around. In the graph's own coding, at most 4 bytes an
/// input, so that building it costs one pass and no sorting, and using it touches one cache line where there
/// is one reader.
///
/// Edge 2t + k is inputs[k] of task t; edge 2n + i is TaskGraph::more[i]. Inputs that a resource made for
/// itself, earlier, without latency and link, are left out: the order on the resource implies them.
class Consumers {
 public:
  /// Throws std::length_error from 2^31 - 1 edges on.
  explicit Consumers(const TaskGraph& graph);

  /// How many inputs of `task` have not arrived yet; those left out are not counted. The user counts down.
  std::uint32_t& waits(TaskId task) { return nodes_[task].waits; }

  /// Asks for memory that will be needed soon; `task` may lie past the last one.
  void prefetch(std::size_t task) const { __builtin_prefetch(nodes_.data() + task, 1); }

  /// Calls `visit(const Consumer&)` for the readers of `task`, in order of TaskId, then of input.
  template <typename Visit>
  void for_each(TaskId task, Visit&& visit) const {
    std::uint32_t edge = nodes_[task].first;
    if (edge == kNone) return;
    for (; (edge & kMoreFollow) != 0; edge = next_[edge & ~kMoreFollow]) visit(consumer(edge & ~kMoreFollow));
    visit(consumer(edge));
  }

 private:
  static constexpr std::uint32_t kNone = 0x7FFFFFFFu;
  static constexpr std::uint32_t kMoreFollow = 0x80000000u;

  struct Node {
    std::uint32_t first = kNone;  // edge, with kMoreFollow when it is not the only one
    std::uint32_t waits = 0;
  };

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
  LargeArray<Node> nodes_;
  std::unique_ptr<std::uint32_t[]>
      next_;                   // edge of the same producer, by edge; only where kMoreFollow says so
  std::vector<TaskId> owner_;  // of more[i]
};

}  // namespace stagecraft
