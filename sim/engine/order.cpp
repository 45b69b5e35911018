// Topological order by a work-list over resources (Kahn, "Topological sorting of large networks", CACM 5(11),
// 1962, with the list kept per resource instead of per task), and what to say when there is none.
#include <algorithm>
#include <memory>

#include "sim/engine/replay.h"

namespace stagecraft {
namespace {

constexpr std::uint32_t kNobody = 0xFFFFFFFFu;

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

class Worklist {
 public:
  Worklist(const TaskGraph& graph, std::uint32_t max_run)
      : graph_(graph),
        max_run_(max_run == 0 ? kNobody : max_run),
        turns_(graph.resources()),
        state_(graph.tasks.size()),
        first_waiter_(std::make_unique_for_overwrite<std::uint32_t[]>(graph.tasks.size())),
        next_waiter_(graph.resources(), kNobody),
        head_(graph.begin.begin(), graph.begin.end() - 1),
        order_(graph.tasks.size()) {}

  std::variant<TopologicalOrder, Deadlock> run() {
    for (std::uint32_t r = 0; r < graph_.resources(); ++r) turns_.push(r);
    while (!turns_.empty()) run_resource(turns_.pop());
    if (placed_ < graph_.tasks.size()) return explain_deadlock(graph_, head_);
    return std::move(order_);
  }

 private:
  enum State : std::uint8_t { kDone = 1, kWaitedFor = 2 };

  void run_resource(std::uint32_t resource) {
    const auto end = static_cast<TaskId>(graph_.begin[resource + 1]);
    TaskId task = head_[resource];
    const TaskId stop = end - task > max_run_ ? task + max_run_ : end;
    TaskId missing = kNoTask;
    for (; task < stop && (missing = missing_input(task)) == kNoTask; ++task) place(task);
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

  void place(TaskId task) {
    order_[placed_++] = task;
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
  TopologicalOrder order_;
  std::size_t placed_ = 0;
};

// The first input of `id` that its resource has not made yet.
TaskId first_missing(const TaskGraph& graph, std::span<const TaskId> head, TaskId id) {
  TaskId missing = kNoTask;
  for_each_input(graph, graph.tasks[id], [&](TaskId input, Duration, std::uint32_t) {
    if (missing == kNoTask && input >= head[graph.tasks[input].resource]) missing = input;
  });
  return missing;
}

// Every stuck resource waits for exactly one other (or itself), so following the waits ends in a circle.
std::vector<Wait> find_cycle(const TaskGraph& graph, std::span<const Wait> stuck) {
  std::vector<std::size_t> at(graph.resources(), 0);  // resource -> index into stuck
  for (std::size_t i = 0; i < stuck.size(); ++i) at[graph.tasks[stuck[i].task].resource] = i;
  const auto next = [&](std::size_t i) { return at[graph.tasks[stuck[i].input].resource]; };

  std::size_t i = 0;
  for (std::size_t steps = 0; steps < stuck.size(); ++steps) i = next(i);
  std::vector<Wait> cycle{stuck[i]};
  for (std::size_t j = next(i); j != i; j = next(j)) cycle.push_back(stuck[j]);
  std::ranges::rotate(cycle, std::ranges::min_element(cycle, {}, &Wait::task));
  return cycle;
}

}  // namespace

std::variant<TopologicalOrder, Deadlock> topological_order(const TaskGraph& graph,
                                                           const OrderOptions& options) {
  return Worklist(graph, options.max_run).run();
}

Deadlock explain_deadlock(const TaskGraph& graph, std::span<const TaskId> head) {
  Deadlock deadlock;
  for (std::size_t r = 0; r < graph.resources(); ++r) {
    if (head[r] == graph.begin[r + 1]) continue;
    deadlock.stuck.push_back({.task = head[r], .input = first_missing(graph, head, head[r])});
  }
  deadlock.cycle = find_cycle(graph, deadlock.stuck);
  return deadlock;
}

std::string describe(const Deadlock& deadlock, const std::function<std::string(TaskId)>& name) {
  std::string text;
  for (std::size_t i = 0; i < deadlock.cycle.size(); ++i) {
    const Wait& wait = deadlock.cycle[i];
    const TaskId head = deadlock.cycle[(i + 1) % deadlock.cycle.size()].task;
    text += name(wait.task) + " waits for " + name(wait.input);
    if (wait.task == wait.input) {
      text += ", which is itself";
    } else if (wait.input != head) {
      text += ", which stands behind " + name(head);
    }
    text += '\n';
  }
  return text;
}

}  // namespace stagecraft
