#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "sim/engine/replay.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

// How many tasks ahead of a resource's next one memory is asked for: hundreds of resources are more streams
// than hardware follows.
inline constexpr TaskId kAheadInWorklist = 8;

inline constexpr std::uint32_t kNobody = 0xFFFFFFFFu;

// Resources that may be able to run, first in, first out. A resource is in it at most once.
class Turns {
 public:
  explicit Turns(std::size_t resources) : ring_(resources) {}

  bool empty() const { return count_ == 0; }
  void push(std::uint32_t resource) {
    ring_[tail_] = resource;
    tail_ = next(tail_);
    ++count_;
  }
  std::uint32_t pop() {
    const std::uint32_t resource = ring_[head_];
    head_ = next(head_);
    --count_;
    return resource;
  }

 private:
  std::size_t next(std::size_t at) const { return at + 1 == ring_.size() ? 0 : at + 1; }

  std::vector<std::uint32_t> ring_;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t count_ = 0;
};

// Runs every task once all before it are done, and calls `visit(resource, task)`. Kahn, "Topological sorting
// of large networks", CACM 5(11), 1962, with the list kept per resource instead of per task.
template <typename Visit>
class Worklist {
 public:
  Worklist(const TaskGraph& graph, std::uint32_t max_run, Visit visit)
      : graph_(graph),
        max_run_(max_run == 0 ? kNobody : max_run),
        turns_(graph.resources()),
        state_(graph.tasks.size()),
        first_waiter_(std::make_unique_for_overwrite<std::uint32_t[]>(graph.tasks.size())),
        next_waiter_(graph.resources(), kNobody),
        head_(graph.begin.begin(), graph.begin.end() - 1),
        visit_(std::move(visit)) {}

  // Nothing, when every task was run.
  std::optional<Deadlock> run() {
    for (std::uint32_t r = 0; r < graph_.resources(); ++r) turns_.push(r);
    while (!turns_.empty()) run_resource(turns_.pop());
    for (std::size_t r = 0; r < graph_.resources(); ++r) {
      if (head_[r] < graph_.begin[r + 1]) return explain_deadlock(graph_, head_);
    }
    return std::nullopt;
  }

 private:
  enum State : std::uint8_t { kDone = 1, kWaitedFor = 2 };

  void run_resource(std::uint32_t resource) {
    const auto end = static_cast<TaskId>(graph_.begin[resource + 1]);
    TaskId task = head_[resource];
    const TaskId stop = end - task > max_run_ ? task + max_run_ : end;
    TaskId missing = kNoTask;
    for (; task < stop && (missing = missing_input(task)) == kNoTask; ++task) place(resource, task);
    head_[resource] = task;
    if (missing != kNoTask) {
      wait_for(missing, resource);
    } else if (task < end) {
      turns_.push(resource);
    }
  }

  bool done(TaskId task) const { return (state_[task] & kDone) != 0; }

  TaskId missing_input(TaskId id) const {
    const Task& task = graph_.tasks[id];
    if (task.inputs[0] != kNoTask && !done(task.inputs[0])) return task.inputs[0];
    if (task.inputs[1] == kNoTask) return kNoTask;
    if ((task.inputs[1] & kMoreInputs) == 0) return done(task.inputs[1]) ? kNoTask : task.inputs[1];
    TaskId missing = kNoTask;
    for_each_input(graph_, task, [&](TaskId input, Duration, std::uint32_t) {
      if (missing == kNoTask && !done(input)) missing = input;
    });
    return missing;
  }

  void place(std::uint32_t resource, TaskId task) {
    __builtin_prefetch(graph_.tasks.data() + task + kAheadInWorklist);
    visit_(resource, task);
    const std::uint8_t before = state_[task];
    state_[task] = kDone;
    if (before == kWaitedFor) wake(first_waiter_[task]);
  }

  void wait_for(TaskId input, std::uint32_t resource) {
    next_waiter_[resource] = state_[input] == kWaitedFor ? first_waiter_[input] : kNobody;
    first_waiter_[input] = resource;
    state_[input] = kWaitedFor;
  }

  void wake(std::uint32_t waiter) {
    for (; waiter != kNobody; waiter = next_waiter_[waiter]) turns_.push(waiter);
  }

  const TaskGraph& graph_;
  const std::uint32_t max_run_;
  Turns turns_;
  std::vector<std::uint8_t> state_;
  std::unique_ptr<std::uint32_t[]> first_waiter_;  // of a task: valid where state_ is kWaitedFor
  std::vector<std::uint32_t> next_waiter_;         // of a resource: it waits for one task at a time
  std::vector<TaskId> head_;
  Visit visit_;
};

}  // namespace stagecraft
