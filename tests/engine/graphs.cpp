#include "tests/engine/graphs.h"

#include <algorithm>

namespace stagecraft::test {
namespace {

// Adds the inputs after the first as a list.
void add_list(TaskGraph& graph, Task& task, const std::vector<In>& inputs) {
  task.inputs[1] = kMoreInputs | static_cast<std::uint32_t>(graph.more_begin.size() - 1);
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    graph.more.push_back(
        {.input = inputs[i].task, .link = inputs[i].link, .latency = Duration{inputs[i].latency}});
  }
  graph.more_begin.push_back(graph.more.size());
}

void add_task(TaskGraph& graph, std::int64_t duration, const std::vector<In>& inputs) {
  Task task{.cost = static_cast<std::uint32_t>(graph.costs.size()),
            .resource = static_cast<std::uint32_t>(graph.resources() - 1)};
  TaskCost cost{.duration = Duration{duration}};
  for (std::size_t k = 0; k < std::min<std::size_t>(inputs.size(), 2); ++k) {
    task.inputs[k] = inputs[k].task;
    cost.latency[k] = Duration{inputs[k].latency};
    cost.link[k] = inputs[k].link;
  }
  if (inputs.size() > 2) {
    cost.latency[1] = Duration{0};
    cost.link[1] = kNoLink;
    add_list(graph, task, inputs);
  }
  graph.costs.push_back(cost);
  graph.tasks.push_back(task);
  ++graph.begin.back();
  for (const In& in : inputs) {
    if (in.link != kNoLink) graph.links = std::max(graph.links, in.link + 1);
  }
}

struct Dealt {
  std::uint32_t resource;
  std::int64_t duration;
  std::vector<In> inputs;  // by position in the deal
};

std::int64_t random_time(SplitMix64& random, std::int64_t longest) {
  if (random.below(3) == 0) return 0;
  return random.below(static_cast<std::uint32_t>(longest) + 1);
}

std::vector<Dealt> deal(SplitMix64& random, const RandomShape& shape) {
  std::vector<Dealt> tasks(1 + random.below(shape.tasks));
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    Dealt& task = tasks[i];
    task.resource = random.below(shape.resources);
    task.duration = random_time(random, shape.longest);
    const std::uint32_t from = shape.may_deadlock ? static_cast<std::uint32_t>(tasks.size()) : i;
    const std::uint32_t count = from == 0 ? 0 : random.below(shape.inputs + 1);
    for (std::uint32_t k = 0; k < count; ++k) {
      const bool shared = shape.links > 0 && random.below(2) == 0;
      task.inputs.push_back({.task = random.below(from),
                             .latency = random_time(random, shape.longest),
                             .link = shared ? random.below(shape.links) : kNoLink});
    }
  }
  return tasks;
}

// Cost classes of one_f_one_b_graph.
TaskCost stage_cost(std::uint32_t stage, std::uint32_t p, bool forward) {
  const std::int64_t longer = (stage * 2654435761u >> 16) % 61;  // in thousandths
  const bool receives = forward ? stage > 0 : stage + 1 < p;
  TaskCost cost{.duration = Duration{(forward ? 1'000 : 2'000) * (1'000 + longer)}};
  if (receives) {
    cost.latency[0] = Duration{50'000};
    cost.link[0] = forward ? 2 * (stage - 1) : 2 * stage + 1;
  }
  return cost;
}

// Where a stage runs a micro-batch, as an offset into its tasks.
struct Places {
  std::uint32_t warmup;
  std::uint32_t m;
  std::uint32_t forward(std::uint32_t i) const { return i < warmup ? i : 2 * i - warmup; }
  std::uint32_t backward(std::uint32_t i) const { return i < m - warmup ? warmup + 2 * i + 1 : m + i; }
};

Places places(std::uint32_t stage, std::uint32_t p, std::uint32_t m) {
  return {.warmup = std::min(p - 1 - stage, m), .m = m};
}

}  // namespace

TaskId GraphBuilder::task(std::int64_t duration, const std::vector<In>& inputs) {
  add_task(graph_, duration, inputs);
  return static_cast<TaskId>(graph_.tasks.size() - 1);
}

TaskGraph random_graph(SplitMix64& random, const RandomShape& shape) {
  const std::vector<Dealt> tasks = deal(random, shape);
  std::vector<std::uint32_t> order(tasks.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return tasks[i].resource; });
  std::vector<TaskId> id(tasks.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) id[order[i]] = i;

  TaskGraph graph;
  for (std::uint32_t r = 0, i = 0; r < shape.resources; ++r) {
    graph.begin.push_back(graph.tasks.size());
    for (; i < order.size() && tasks[order[i]].resource == r; ++i) {
      std::vector<In> inputs = tasks[order[i]].inputs;
      for (In& in : inputs) in.task = id[in.task];
      add_task(graph, tasks[order[i]].duration, inputs);
    }
  }
  return graph;
}

TaskGraph one_f_one_b_graph(std::uint32_t p, std::uint32_t m) {
  TaskGraph graph;
  graph.tasks.resize(std::size_t{2} * p * m);
  for (std::uint32_t s = 0; s < p; ++s) {
    graph.costs.push_back(stage_cost(s, p, true));
    graph.costs.push_back(stage_cost(s, p, false));
    graph.begin.push_back(std::size_t{2} * m * (s + 1));
    const Places at = places(s, p, m);
    const TaskId first = 2 * m * s;
    for (std::uint32_t i = 0; i < m; ++i) {
      Task& forward = graph.tasks[first + at.forward(i)];
      forward = {.cost = 2 * s, .resource = s};
      if (s > 0) forward.inputs[0] = first - 2 * m + places(s - 1, p, m).forward(i);
      Task& backward = graph.tasks[first + at.backward(i)];
      backward = {.cost = 2 * s + 1, .resource = s};
      // The last stage's backward reads its own forward, which runs just before it.
      backward.inputs[0] =
          s + 1 < p ? first + 2 * m + places(s + 1, p, m).backward(i) : first + at.forward(i);
    }
  }
  graph.links = 2 * (p - 1);
  return graph;
}

}  // namespace stagecraft::test
