// Replay: where every resource's order is fixed, times follow from one sweep in a topological order.
#include "sim/engine/replay.h"

#include <algorithm>

namespace stagecraft {
namespace {

using Nanoseconds = std::int64_t;

// How many tasks ahead of the sweep memory is asked for. A sweep reads as many streams as there are
// resources, more than hardware prefetchers follow.
constexpr std::size_t kAhead = 24;

Nanoseconds latest_of_many(const TaskGraph& graph, const Task& task, const TimePoint* end) {
  TimePoint latest{0};
  for_each_input(graph, task, [&](TaskId input, Duration latency, std::uint32_t) {
    latest = std::max(latest, end[input] + latency);
  });
  return latest.count();
}

// Branch-free for at most two inputs: a missing input reads the task's own (old) end and the result is
// dropped.
inline Nanoseconds arrival(TaskId input, TaskId self, Duration latency, const TimePoint* end) {
  const bool none = input == kNoTask;
  const Nanoseconds time = end[none ? self : input].count() + latency.count();
  return none ? 0 : time;
}

template <bool kPerTask>
TaskTimes sweep(const TaskGraph& graph, std::span<const TaskId> order, std::span<const Duration> durations,
                TaskTimes times) {
  times.start.resize(graph.tasks.size());
  times.end.resize(graph.tasks.size());
  std::vector<Nanoseconds> free(graph.resources(), 0);

  const Task* const tasks = graph.tasks.data();
  const TaskCost* const costs = graph.costs.data();
  TimePoint* const starts = times.start.data();
  TimePoint* const ends = times.end.data();
  const std::size_t count = order.size();
  for (std::size_t i = 0; i < count; ++i) {
    const TaskId soon = order[i + kAhead < count ? i + kAhead : i];
    __builtin_prefetch(tasks + soon);
    __builtin_prefetch(starts + soon, 1);
    __builtin_prefetch(ends + soon, 1);

    const TaskId id = order[i];
    const Task& task = tasks[id];
    const TaskCost& cost = costs[task.cost];
    const bool many = task.inputs[1] != kNoTask && (task.inputs[1] & kMoreInputs) != 0;
    Nanoseconds start = free[task.resource];
    if (many) [[unlikely]] {
      start = std::max(start, latest_of_many(graph, task, ends));
    } else {
      start = std::max(start, arrival(task.inputs[0], id, cost.latency[0], ends));
      start = std::max(start, arrival(task.inputs[1], id, cost.latency[1], ends));
    }
    Duration duration = cost.duration;
    if constexpr (kPerTask) duration = durations[id];
    const Nanoseconds end = start + duration.count();
    free[task.resource] = end;
    starts[id] = TimePoint{start};
    ends[id] = TimePoint{end};
  }
  return times;
}

}  // namespace

TaskTimes replay(const TaskGraph& graph, std::span<const TaskId> order, TaskTimes reuse) {
  return sweep<false>(graph, order, {}, std::move(reuse));
}

TaskTimes replay(const TaskGraph& graph, std::span<const TaskId> order, std::span<const Duration> durations,
                 TaskTimes reuse) {
  return sweep<true>(graph, order, durations, std::move(reuse));
}

TimePoint makespan(const TaskGraph& graph, const TaskTimes& times) {
  TimePoint last{0};
  for (std::size_t r = 0; r < graph.resources(); ++r) {
    if (graph.begin[r] < graph.begin[r + 1]) last = std::max(last, times.end[graph.begin[r + 1] - 1]);
  }
  return last;
}

}  // namespace stagecraft
