#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/large_array.h"
#include "base/units.h"

namespace stagecraft {

/// A task's index in TaskGraph::tasks.
using TaskId = std::uint32_t;
inline constexpr TaskId kNoTask = 0xFFFFFFFFu;
/// Set in Task::inputs[1] when a task has more than two inputs; the low 31 bits index TaskGraph::more.
inline constexpr TaskId kMoreInputs = 0x80000000u;
inline constexpr std::uint32_t kNoLink = 0xFFFFFFFFu;

/// What tasks of one class cost. Tasks share classes (a stage's forwards are one class), so the table is
/// small and stays in cache.
struct TaskCost {
  Duration duration{0};
  /// From the end of inputs[k] until its data is here; 0 when it was made on the same resource.
  Duration latency[2] = {Duration{0}, Duration{0}};
  /// The link that the data of inputs[k] crosses; kNoLink when none, or when links are not shared.
  std::uint32_t link[2] = {kNoLink, kNoLink};
};

/// One task: runs on `resource` after the task before it there and after its inputs have arrived.
struct Task {
  TaskId inputs[2] = {kNoTask, kNoTask};
  std::uint32_t cost = 0;  ///< index into TaskGraph::costs
  std::uint32_t resource = 0;
};
static_assert(sizeof(Task) == 16);

/// An input of a task that has more than two.
struct MoreInput {
  TaskId input = kNoTask;
  std::uint32_t link = kNoLink;
  Duration latency{0};
};

/// Tasks in fixed order on resources, in flat arrays. Knows nothing of pipelines.
///
/// Resource-major: the tasks of resource 0 in their order, then of resource 1, ...; `begin` has
/// resources + 1 entries. At most 2^31 - 2 tasks.
struct TaskGraph {
  LargeArray<Task> tasks;
  std::vector<std::size_t> begin{0};
  std::vector<TaskCost> costs;
  /// The inputs after the first of tasks that have more than two: list i is
  /// more[more_begin[i]] .. more[more_begin[i + 1]].
  std::vector<MoreInput> more;
  std::vector<std::size_t> more_begin{0};
  std::uint32_t links = 0;  ///< number of shared links that costs and more name

  std::size_t resources() const { return begin.size() - 1; }
};

/// Start and end of every task, [start, end), indexed by TaskId.
struct TaskTimes {
  LargeArray<TimePoint> start;
  LargeArray<TimePoint> end;
};

}  // namespace stagecraft
