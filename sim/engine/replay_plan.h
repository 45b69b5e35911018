#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/large_array.h"
#include "base/units.h"
#include "sim/engine/replay.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// One task of a ReplayPlan. Places are where the times of recent tasks are kept, see
/// ReplayPlan::window_log2.
struct ReplayOp {
  std::uint32_t inputs[2] = {0, 0};  ///< places; inputs[1] as in Task when there are more
  std::uint32_t cost = 0;            ///< index into the costs
  std::uint32_t place = 0;           ///< of its own times
};

/// A task graph laid out in the order of its sweep, for replaying it often: tasks are read one after the
/// other, and the times that are still to be read lie together. Costs are not part of it.
struct ReplayPlan {
  LargeArray<ReplayOp> ops;
  std::vector<std::size_t> begin;       ///< the graph's
  std::vector<MoreInput> more;          ///< the graph's, `input` being a place
  std::vector<std::size_t> more_begin;  ///< the graph's
  /// Every resource keeps the times of its last 2^window_log2 tasks: task t of resource r is at place
  /// (r << window_log2) + t % 2^window_log2. The place after the last resource's stands for no input.
  std::uint32_t window_log2 = 0;
  bool one_input = false;  ///< no op has a second input
};

/// `order` is a topological order of `graph`; max_run = 1 gives the smallest window. O(tasks + inputs).
/// Throws std::length_error when resources times window is 2^31 or more.
ReplayPlan prepare_replay(const TaskGraph& graph, std::span<const TaskId> order);

/// What replay(graph, order) gives for the plan's graph with these costs; costs must be those of the graph or
/// others of the same classes.
TaskTimes replay(const ReplayPlan& plan, std::span<const TaskCost> costs, TaskTimes reuse = {});

/// makespan() of that, without writing the times down.
TimePoint makespan(const ReplayPlan& plan, std::span<const TaskCost> costs);

}  // namespace stagecraft
