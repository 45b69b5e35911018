#include "sim/pipeline/simulate.h"

#include <utility>

#include "sim/engine/events.h"
#include "sim/engine/replay.h"

namespace stagecraft {

namespace {

bool is_gradient(OpKind kind) {
  return kind != OpKind::Forward && kind != OpKind::SendForward;
}

}  // namespace

Timeline run_lowered(PipelineProblem& problem, const LoweredSchedule& lowered) {
  Timeline timeline;
  timeline.begin = std::move(problem.schedule.begin);
  timeline.ops = std::move(problem.schedule.ops);
  problem.schedule = {};
  TaskTimes times;
  if (problem.shared_links) {
    // lower() has proved that the order has no deadlock, so the event engine cannot meet one.
    auto run = std::get<EventRun>(simulate_events(lowered.graph, {.contention = true, .transfers = true}));
    for (const InputTransfer& transfer : run.transfers)
      timeline.transfers.push_back({transfer.from, transfer.to, transfer.start, transfer.end,
                                    is_gradient(timeline.ops[transfer.from].kind)});
    times = std::move(run.times);
  } else {
    times = replay(lowered.graph, lowered.order);
  }
  timeline.makespan = makespan(lowered.graph, times);
  timeline.start = std::move(times.start);
  timeline.end = std::move(times.end);
  return timeline;
}

std::vector<Transfer> transfers_of(const LoweredSchedule& lowered, const Timeline& timeline) {
  if (!timeline.transfers.empty()) return timeline.transfers;
  std::vector<Transfer> transfers;
  for (TaskId id = 0; id < lowered.graph.tasks.size(); ++id) {
    for_each_input(
        lowered.graph, lowered.graph.tasks[id], [&](TaskId input, Duration latency, std::uint32_t) {
          if (lowered.graph.tasks[input].resource == lowered.graph.tasks[id].resource) return;
          const TimePoint made = timeline.end[input];
          transfers.push_back({input, id, made, made + latency, is_gradient(timeline.ops[input].kind)});
        });
  }
  return transfers;
}

}  // namespace stagecraft
