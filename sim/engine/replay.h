#pragma once

#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "base/units.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// Every task once, after the task before it on its resource and after its inputs.
using TopologicalOrder = LargeArray<TaskId>;

/// A task that never starts, and the first of its inputs that is never made.
struct Wait {
  TaskId task = kNoTask;
  TaskId input = kNoTask;

  bool operator==(const Wait&) const = default;
};

/// Why a graph has no order.
struct Deadlock {
  /// The task at the head of every resource that cannot finish, in order of resources.
  std::vector<Wait> stuck;
  /// A circle out of `stuck`: cycle[i].input is, or stands behind, cycle[i + 1].task on its resource; the
  /// last one's is, or stands behind, the first's. Begins at its smallest TaskId.
  std::vector<Wait> cycle;

  bool operator==(const Deadlock&) const = default;
};

struct TopologicalOptions {
  /// A resource runs at most this many tasks before the next one has its turn; 0: until it must wait. Small
  /// numbers keep few results waiting for their readers (good for batches), large ones stay on one resource.
  std::uint32_t max_run = 0;
};

/// An order in which `graph` can be swept, or the reason why there is none. Deterministic: resources take
/// turns first in, first out, beginning with resource 0. O(tasks + inputs).
std::variant<TopologicalOrder, Deadlock> topological_order(const TaskGraph& graph,
                                                           const TopologicalOptions& options = {});

/// The deadlock of `graph` when every resource r has run its tasks up to, not including, head[r] and none of
/// the heads can start. At least one resource must be unfinished.
Deadlock explain_deadlock(const TaskGraph& graph, std::span<const TaskId> head);

/// When every task runs: start = max(end of the task before it on its resource, end of each input + latency),
/// end = start + duration; both >= 0. One sweep, O(tasks + inputs), no queue. `order` is a topological order
/// of `graph`. Links are taken to be free: where they are shared and contended, use simulate_events().
/// To replay a graph often, see replay_plan.h. `reuse` may hand back the TaskTimes of an earlier call, which
/// saves the page faults of new memory.
TaskTimes replay(const TaskGraph& graph, std::span<const TaskId> order, TaskTimes reuse = {});

/// The same with a duration for each task (indexed by TaskId) instead of the one of its class.
TaskTimes replay(const TaskGraph& graph, std::span<const TaskId> order, std::span<const Duration> durations,
                 TaskTimes reuse = {});

/// Order and replay in one go, for a graph that is replayed once.
std::variant<TaskTimes, Deadlock> order_and_replay(const TaskGraph& graph, TaskTimes reuse = {});

/// End of the last task; 0 without tasks.
TimePoint makespan(const TaskGraph& graph, const TaskTimes& times);

/// Calls `visit(input, latency, link)` for every input of `task`, in order.
template <typename Visit>
void for_each_input(const TaskGraph& graph, const Task& task, Visit&& visit) {
  const TaskCost& cost = graph.costs[task.cost];
  if (task.inputs[0] != kNoTask) visit(task.inputs[0], cost.latency[0], cost.link[0]);
  if (task.inputs[1] == kNoTask) return;
  if ((task.inputs[1] & kMoreInputs) == 0) {
    visit(task.inputs[1], cost.latency[1], cost.link[1]);
    return;
  }
  const std::size_t list = task.inputs[1] & ~kMoreInputs;
  for (std::size_t i = graph.more_begin[list]; i < graph.more_begin[list + 1]; ++i) {
    visit(graph.more[i].input, graph.more[i].latency, graph.more[i].link);
  }
}

}  // namespace stagecraft
