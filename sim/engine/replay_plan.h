#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"
#include "sim/engine/replay.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// One task of a ReplayPlan.
struct ReplayOp {
  std::uint32_t inputs[2] = {
      0, 0};  ///< places in the ring of recent ends; inputs[1] as in Task when there are more
  std::uint32_t cost = 0;
  std::uint32_t resource = 0;
};

/// A task graph laid out in the order of its sweep, for replaying it often: tasks are read one after the
/// other, and the ends that are still to be read lie together. Costs are not part of it.
struct ReplayPlan {
  std::vector<ReplayOp> ops;
  std::vector<std::size_t> begin;       ///< the graph's
  std::vector<MoreInput> more;          ///< the graph's, `input` being a place in the ring
  std::vector<std::size_t> more_begin;  ///< the graph's
  std::uint32_t ring = 1;  ///< a power of two; the i-th op's end is at i % ring. `ring` itself: no input
};

/// `order` is a topological order of `graph`; max_run = 1 gives the smallest ring. O(tasks + inputs).
ReplayPlan prepare_replay(const TaskGraph& graph, std::span<const TaskId> order);

/// What replay(graph, order) gives for the plan's graph with these costs; costs must be those of the graph or
/// others of the same classes.
TaskTimes replay(const ReplayPlan& plan, std::span<const TaskCost> costs, TaskTimes reuse = {});

/// makespan() of that, without writing the times down.
TimePoint makespan(const ReplayPlan& plan, std::span<const TaskCost> costs);

}  // namespace stagecraft
