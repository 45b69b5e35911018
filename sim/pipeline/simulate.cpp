#include "sim/pipeline/simulate.h"

#include <utility>

#include "sim/engine/events.h"
#include "sim/engine/replay.h"
#include "sim/pipeline/deadlock.h"

namespace stagecraft {

namespace {

/// Whether what `to` takes from `from` is a gradient. A fused op takes an activation for its forward half and
/// a gradient for the other one; where both come from the same op, the activation is the `first` of the two.
bool is_gradient(const Op& from, const Op& to, bool first) {
  if (from.kind == OpKind::Evict || from.kind == OpKind::Return) return false;
  if (to.kind != OpKind::ForwardBackward) return to.kind != OpKind::Forward;
  const bool makes_forward = has_forward(from.kind) || from.kind == OpKind::SendForward;
  const bool makes_gradient = from.kind != OpKind::Forward && from.kind != OpKind::SendForward;
  if (!makes_forward || from.microbatch != to.microbatch) return true;
  const std::uint32_t gradient_of =
      from.kind == OpKind::ForwardBackward ? from.partner_microbatch : from.microbatch;
  return makes_gradient && gradient_of == to.partner_microbatch && !first;
}

std::variant<EventRun, Deadlock> replayed(const TaskGraph& graph) {
  auto times = order_and_replay(graph);
  if (auto* deadlock = std::get_if<Deadlock>(&times)) return std::move(*deadlock);
  return EventRun{.times = std::get<TaskTimes>(std::move(times)), .transfers = {}};
}

Timeline timeline_of(Schedule schedule, EventRun run, const TaskGraph& graph) {
  Timeline timeline;
  timeline.begin = std::move(schedule.begin);
  timeline.ops = std::move(schedule.ops);
  for (const InputTransfer& transfer : run.transfers) {
    const auto same = [&](const Transfer& other) {
      return other.from_op == transfer.from && other.to_op == transfer.to;
    };
    const bool first = timeline.transfers.empty() || !same(timeline.transfers.back());
    timeline.transfers.push_back(
        {transfer.from, transfer.to, transfer.start, transfer.end,
         is_gradient(timeline.ops[transfer.from], timeline.ops[transfer.to], first)});
  }
  timeline.makespan = makespan(graph, run.times);
  timeline.start = std::move(run.times.start);
  timeline.end = std::move(run.times.end);
  return timeline;
}

}  // namespace

std::variant<Timeline, ScheduleFault> simulate(PipelineProblem& problem, const TaskGraph& graph) {
  auto result = problem.shared_links ? simulate_events(graph, {.contention = true, .transfers = true})
                                     : replayed(graph);
  if (const auto* deadlock = std::get_if<Deadlock>(&result))
    return explain(*deadlock, graph, problem.schedule);
  return timeline_of(std::exchange(problem.schedule, {}), std::get<EventRun>(std::move(result)), graph);
}

std::vector<Transfer> transfers_of(const TaskGraph& graph, const Timeline& timeline) {
  if (!timeline.transfers.empty()) return timeline.transfers;
  std::vector<Transfer> transfers;
  for (TaskId id = 0; id < graph.tasks.size(); ++id) {
    TaskId before = kNoTask;
    for_each_input(graph, graph.tasks[id], [&](TaskId input, Duration latency, std::uint32_t) {
      const bool first = std::exchange(before, input) != input;
      if (graph.tasks[input].resource == graph.tasks[id].resource) return;
      const TimePoint made = timeline.end[input];
      transfers.push_back(
          {input, id, made, made + latency, is_gradient(timeline.ops[input], timeline.ops[id], first)});
    });
  }
  return transfers;
}

}  // namespace stagecraft
