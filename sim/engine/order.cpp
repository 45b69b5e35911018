// A topological order, and what to say when there is none.
#include <algorithm>

#include "sim/engine/replay.h"
#include "sim/engine/worklist.h"

namespace stagecraft {
namespace {

// The first input of `id` for which `is_missing` holds; kNoTask when there is none.
template <typename IsMissing>
TaskId first_input(const TaskGraph& graph, TaskId id, const IsMissing& is_missing) {
  TaskId missing = kNoTask;
  for_each_input(graph, graph.tasks[id], [&](TaskId input, Duration, std::uint32_t) {
    if (missing == kNoTask && is_missing(input)) missing = input;
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
  std::rotate(cycle.begin(), std::ranges::min_element(cycle, {}, &Wait::task), cycle.end());
  return cycle;
}

}  // namespace

std::variant<TopologicalOrder, Deadlock> topological_order(const TaskGraph& graph,
                                                           const TopologicalOptions& options) {
  TopologicalOrder order(graph.tasks.size());
  LargeArray<std::int32_t> marks(graph.tasks.size(), -1);
  TaskId* next = order.data();
  Worklist worklist(graph, options.max_run, std::span(marks), [&](std::uint32_t, TaskId task) {
    const TaskId missing = first_input(graph, task, [&](TaskId input) { return marks[input] < 0; });
    if (missing != kNoTask) return missing;
    marks[task] = 0;
    *next++ = task;
    return kNoTask;
  });
  if (std::optional<Deadlock> deadlock = worklist.run()) return *std::move(deadlock);
  return order;
}

Deadlock explain_deadlock(const TaskGraph& graph, std::span<const TaskId> head) {
  Deadlock deadlock;
  for (std::size_t r = 0; r < graph.resources(); ++r) {
    if (head[r] == graph.begin[r + 1]) continue;
    const auto not_made = [&](TaskId input) { return input >= head[graph.tasks[input].resource]; };
    deadlock.stuck.push_back({.task = head[r], .input = first_input(graph, head[r], not_made)});
  }
  deadlock.cycle = find_cycle(graph, deadlock.stuck);
  return deadlock;
}

}  // namespace stagecraft
