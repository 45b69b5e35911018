#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/engine/replay.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

// How many tasks ahead of a resource's next one memory is asked for: hundreds of resources are more streams
// than hardware follows.
inline constexpr TaskId kAheadInWorklist = 8;

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

// Runs every task once all before it are done. Kahn, "Topological sorting of large networks", CACM 5(11),
// 1962, with the list kept per resource instead of per task.
//
// A task's mark is its result, >= 0, once it has run. Before that the mark says who waits for it, so that
// what has run, what it gave and whom to wake lie in one place: -1 nobody, -2 - r resource r (and behind it
// others).
//
// `run(resource, task)` runs the task if all its inputs have run, sets its mark and returns kNoTask;
// otherwise it changes nothing and returns the first input that has not.
template <typename Mark, typename Run>
class Worklist {
 public:
  static constexpr Mark kNotRun{-1};

  // All marks must be kNotRun.
  Worklist(const TaskGraph& graph, std::uint32_t max_run, std::span<Mark> marks, Run run)
      : graph_(graph),
        max_run_(max_run == 0 ? kNobody : max_run),
        marks_(marks),
        turns_(graph.resources()),
        next_waiter_(graph.resources(), kNobody),
        head_(graph.begin.begin(), graph.begin.end() - 1),
        run_(std::move(run)) {}

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
  static constexpr std::uint32_t kNobody = 0xFFFFFFFFu;

  void run_resource(std::uint32_t resource) {
    const auto end = static_cast<TaskId>(graph_.begin[resource + 1]);
    TaskId task = head_[resource];
    const TaskId stop = end - task > max_run_ ? task + max_run_ : end;
    TaskId missing = kNoTask;
    for (; task < stop; ++task) {
      __builtin_prefetch(graph_.tasks.data() + task + kAheadInWorklist);
      const Mark before = marks_[task];
      missing = run_(resource, task);
      if (missing != kNoTask) break;
      if (before != kNotRun) wake(waiter(before));
    }
    head_[resource] = task;
    if (missing != kNoTask) {
      wait_for(missing, resource);
    } else if (task < end) {
      turns_.push(resource);
    }
  }

  static std::uint32_t waiter(Mark mark) { return static_cast<std::uint32_t>((Mark{-2} - mark) / Mark{1}); }

  void wait_for(TaskId input, std::uint32_t resource) {
    Mark& mark = marks_[input];
    next_waiter_[resource] = mark == kNotRun ? kNobody : waiter(mark);
    mark = Mark{-2} - Mark{1} * static_cast<std::int32_t>(resource);
  }

  void wake(std::uint32_t waiter) {
    for (; waiter != kNobody; waiter = next_waiter_[waiter]) turns_.push(waiter);
  }

  const TaskGraph& graph_;
  const std::uint32_t max_run_;
  std::span<Mark> marks_;  // by task
  Turns turns_;
  std::vector<std::uint32_t> next_waiter_;  // of a resource: it waits for one task at a time
  std::vector<TaskId> head_;
  Run run_;
};

template <typename Mark, typename Run>
Worklist(const TaskGraph&, std::uint32_t, std::span<Mark>, Run) -> Worklist<Mark, Run>;

}  // namespace stagecraft
