#include "sim/pipeline/deadlock.h"

#include <fmt/format.h>

namespace stagecraft {

namespace {

/// "rank 0 waits at 0B0 for 1B0, which stands behind 1F1 on rank 1".
std::string sentence(const Wait& wait, const Wait& next, const TaskGraph& graph, const Schedule& schedule) {
  const auto rank = [&](TaskId task) { return graph.tasks[task].resource; };
  const auto name = [&](TaskId task) { return to_string(schedule.ops[task]); };
  if (wait.input == next.task)
    return fmt::format("rank {} waits at {} for {}", rank(wait.task), name(wait.task), name(wait.input));
  return fmt::format("rank {} waits at {} for {}, which stands behind {} on rank {}", rank(wait.task),
                     name(wait.task), name(wait.input), name(next.task), rank(next.task));
}

}  // namespace

ScheduleFault explain(const Deadlock& deadlock, const TaskGraph& graph, const Schedule& schedule) {
  std::string message = "deadlock: ";
  const std::vector<Wait>& cycle = deadlock.cycle;
  constexpr std::size_t kMostShown = 8;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (i > 0) message += "; ";
    if (i == kMostShown) {
      message += fmt::format("and {} more waits back to {}", cycle.size() - i,
                             to_string(schedule.ops[cycle[0].task]));
      break;
    }
    message += sentence(cycle[i], cycle[(i + 1) % cycle.size()], graph, schedule);
  }
  const std::uint32_t rank = graph.tasks[cycle[0].task].resource;
  return {message, static_cast<int>(rank), cycle[0].task - schedule.begin[rank]};
}

}  // namespace stagecraft
