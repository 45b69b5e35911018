// Replay: where every resource's order is fixed, times follow from one sweep in a topological order.
#include "sim/engine/replay.h"

#include <algorithm>
#include <optional>

#include "sim/engine/worklist.h"

namespace stagecraft {
namespace {

using Nanoseconds = std::int64_t;

// How many tasks ahead of a resource's next one memory is asked for. A sweep follows as many streams as there
// are resources, more than hardware prefetchers do.
constexpr std::size_t kAhead = 8;

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

// Works out the times of tasks one by one, all that they wait for first.
class Clock {
 public:
  Clock(const TaskGraph& graph, TaskTimes& times) : graph_(graph), free_(graph.resources(), 0) {
    times.start.resize(graph.tasks.size());
    times.end.resize(graph.tasks.size());
    start_ = times.start.data();
    end_ = times.end.data();
  }

  // Asks for memory that will be needed soon; `id` may lie past the last task.
  void prefetch(std::size_t id) const {
    __builtin_prefetch(graph_.tasks.data() + id);
    __builtin_prefetch(start_ + id, 1);
    __builtin_prefetch(end_ + id, 1);
  }

  void run(TaskId id) { run(id, graph_.costs[graph_.tasks[id].cost].duration); }

  void run(TaskId id, Duration duration) {
    const Task& task = graph_.tasks[id];
    const TaskCost& cost = graph_.costs[task.cost];
    const bool many = task.inputs[1] != kNoTask && (task.inputs[1] & kMoreInputs) != 0;
    Nanoseconds start = free_[task.resource];
    if (many) [[unlikely]] {
      start = std::max(start, latest_of_many(graph_, task, end_));
    } else {
      start = std::max(start, arrival(task.inputs[0], id, cost.latency[0], end_));
      start = std::max(start, arrival(task.inputs[1], id, cost.latency[1], end_));
    }
    const Nanoseconds end = start + duration.count();
    free_[task.resource] = end;
    start_[id] = TimePoint{start};
    end_[id] = TimePoint{end};
  }

 private:
  const TaskGraph& graph_;
  std::vector<Nanoseconds> free_;  // by resource
  TimePoint* start_ = nullptr;
  TimePoint* end_ = nullptr;
};

// Works out the times of tasks in an order yet to be found: a task's end is its mark in the worklist.
class FirstRun {
 public:
  FirstRun(const TaskGraph& graph, TaskTimes& times)
      : tasks_(graph.tasks.data()),
        costs_(graph.costs.data()),
        start_(times.start.data()),
        end_(times.end.data()),
        graph_(&graph),
        free_(graph.resources(), TimePoint{0}) {}

  TaskId operator()(std::uint32_t resource, TaskId id) {
    __builtin_prefetch(start_ + id + kAheadInWorklist, 1);
    __builtin_prefetch(end_ + id + kAheadInWorklist, 1);
    const Task& task = tasks_[id];
    const TaskCost& cost = costs_[task.cost];
    TimePoint start = free_[resource];
    if (task.inputs[0] != kNoTask) {
      const TimePoint made = end_[task.inputs[0]];
      if (made < TimePoint{0}) return task.inputs[0];
      start = std::max(start, made + cost.latency[0]);
    }
    if (task.inputs[1] != kNoTask) [[unlikely]] {
      const TaskId missing = wait_for_others(task, start);
      if (missing != kNoTask) return missing;
    }
    start_[id] = start;
    free_[resource] = end_[id] = start + cost.duration;
    return kNoTask;
  }

 private:
  // Moves `start` to where all inputs have arrived, or returns the first that is not made.
  TaskId wait_for_others(const Task& task, TimePoint& start) const {
    TaskId missing = kNoTask;
    for_each_input(*graph_, task, [&](TaskId input, Duration latency, std::uint32_t) {
      if (missing == kNoTask && end_[input] < TimePoint{0}) missing = input;
      start = std::max(start, end_[input] + latency);
    });
    return missing;
  }

  const Task* tasks_;
  const TaskCost* costs_;
  TimePoint* start_;
  TimePoint* end_;
  const TaskGraph* graph_;
  std::vector<TimePoint> free_;  // by resource
};

}  // namespace

TaskTimes replay(const TaskGraph& graph, std::span<const TaskId> order, TaskTimes reuse) {
  Clock clock(graph, reuse);
  for (const TaskId id : order) {
    clock.prefetch(std::size_t{id} + kAhead);
    clock.run(id);
  }
  return reuse;
}

TaskTimes replay(const TaskGraph& graph, std::span<const TaskId> order, std::span<const Duration> durations,
                 TaskTimes reuse) {
  Clock clock(graph, reuse);
  for (const TaskId id : order) {
    clock.prefetch(std::size_t{id} + kAhead);
    clock.run(id, durations[id]);
  }
  return reuse;
}

std::variant<TaskTimes, Deadlock> order_and_replay(const TaskGraph& graph, TaskTimes reuse) {
  reuse.start.resize(graph.tasks.size());
  reuse.end.assign(graph.tasks.size(), TimePoint{-1});
  Worklist worklist(graph, 0, std::span(reuse.end), FirstRun(graph, reuse));
  if (std::optional<Deadlock> deadlock = worklist.run()) return *std::move(deadlock);
  return reuse;
}

TimePoint makespan(const TaskGraph& graph, const TaskTimes& times) {
  TimePoint last{0};
  for (std::size_t r = 0; r < graph.resources(); ++r) {
    if (graph.begin[r] < graph.begin[r + 1]) last = std::max(last, times.end[graph.begin[r + 1] - 1]);
  }
  return last;
}

}  // namespace stagecraft
