#include "sim/engine/consumers.h"

#include <stdexcept>

namespace stagecraft {
namespace {

std::uint32_t checked_edges(const TaskGraph& graph) {
  if (2 * graph.tasks.size() + graph.more.size() >= 0x7FFFFFFFu) {
    throw std::length_error("a task graph of 2^30 tasks or more cannot be simulated event by event");
  }
  return static_cast<std::uint32_t>(2 * graph.tasks.size());
}

bool has_list(const Task& task) {
  return task.inputs[1] != kNoTask && (task.inputs[1] & kMoreInputs) != 0;
}

}  // namespace

Consumers::Consumers(const TaskGraph& graph)
    : graph_(&graph),
      first_more_(checked_edges(graph)),
      nodes_(graph.tasks.size(), Node()),
      next_(std::make_unique_for_overwrite<std::uint32_t[]>(first_more_ + graph.more.size())),
      owner_(graph.more.size(), kNoTask) {
  // Backwards, since a list is built from its end.
  for (TaskId id = static_cast<TaskId>(graph.tasks.size()); id-- > 0;) {
    const Task& task = graph.tasks[id];
    const TaskCost& cost = graph.costs[task.cost];
    if (has_list(task)) {
      const std::size_t list = task.inputs[1] & ~kMoreInputs;
      for (std::size_t i = graph.more_begin[list + 1]; i-- > graph.more_begin[list];) {
        owner_[i] = id;
        add({.task = id, .link = graph.more[i].link, .latency = graph.more[i].latency}, graph.more[i].input,
            first_more_ + static_cast<std::uint32_t>(i));
      }
    } else if (task.inputs[1] != kNoTask) {
      add({.task = id, .link = cost.link[1], .latency = cost.latency[1]}, task.inputs[1], 2 * id + 1);
    }
    if (task.inputs[0] != kNoTask)
      add({.task = id, .link = cost.link[0], .latency = cost.latency[0]}, task.inputs[0], 2 * id);
  }
}

void Consumers::add(const Consumer& to, TaskId from, std::uint32_t edge) {
  const bool own = graph_->tasks[from].resource == graph_->tasks[to.task].resource;
  if (own && from < to.task && to.latency.count() == 0 && to.link == kNoLink) return;
  std::uint32_t& first = nodes_[from].first;
  if (first != kNone) {
    next_[edge] = first;
    edge |= kMoreFollow;
  }
  first = edge;
  ++nodes_[to.task].waits;
}

Consumer Consumers::consumer_of_many(std::uint32_t more) const {
  const TaskId task = owner_[more];
  const std::size_t list = graph_->tasks[task].inputs[1] & ~kMoreInputs;
  const MoreInput& input = graph_->more[more];
  return {.task = task,
          .input = 1 + more - static_cast<std::uint32_t>(graph_->more_begin[list]),
          .link = input.link,
          .latency = input.latency};
}

}  // namespace stagecraft
