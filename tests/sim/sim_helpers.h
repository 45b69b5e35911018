#pragma once

#include <string>
#include <utility>

#include "sim/pipeline/lower.h"
#include "sim/pipeline/memory.h"
#include "sim/pipeline/metrics.h"
#include "sim/pipeline/problem.h"
#include "sim/pipeline/simulate.h"
#include "sim/schedule/registry.h"

namespace stagecraft::test {

/// A rank's ops: "0F0 0F1 0B0".
inline std::string order(const Schedule& schedule, int rank) {
  std::string text;
  for (const Op& op : schedule.rank(rank)) text += (text.empty() ? "" : " ") + to_string(op);
  return text;
}

/// Times of a rank's full share of one micro-batch; a chunk costs 1/v of them.
struct Uniform {
  Duration forward;
  Duration backward;  ///< both gradients
  Duration hop{0};
};

inline PipelineProblem uniform_problem(Schedule schedule, const ScheduleShape& shape, const Uniform& costs) {
  const StageCost stage{.forward = costs.forward / shape.chunks,
                        .backward = costs.backward / shape.chunks,
                        .input_gradient = costs.backward / shape.chunks / 2,
                        .weight_gradient = costs.backward / shape.chunks - costs.backward / shape.chunks / 2,
                        .activation_bytes = 1};
  return {.schedule = std::move(schedule),
          .shape = shape,
          .stages = std::vector<StageCost>(static_cast<std::size_t>(shape.stages()), stage),
          .edges = chain(shape.stages(), costs.hop)};
}

/// A shape of the schedule; where it cuts sequences, into m % 3 + 1 segments.
inline ScheduleShape some_shape(const ScheduleEntry& entry, int p, int m, int v) {
  return completed(entry,
                   {.ranks = p, .microbatches = m, .chunks = v, .segments = entry.segmented ? m % 3 + 1 : 1});
}

inline PipelineProblem uniform_problem(std::string_view name, ScheduleShape shape, const Uniform& costs) {
  const ScheduleEntry& entry = *find_schedule(name);
  shape = completed(entry, shape);
  return uniform_problem(entry.generate(shape), shape, costs);
}

struct Run {
  Timeline timeline;
  PipelineMetrics metrics;
};

/// Lowers, runs, finds bubbles and measures. Throws what lower() or simulate() found wrong.
inline Run simulate(PipelineProblem problem) {
  const auto lowered = lower(problem);
  if (const auto* fault = std::get_if<ScheduleFault>(&lowered)) throw std::runtime_error(fault->message);
  const auto& graph = std::get<TaskGraph>(lowered);
  const std::vector<RankMemory> memory = memory_of(problem);
  auto simulated = simulate(problem, graph);
  if (const auto* fault = std::get_if<ScheduleFault>(&simulated)) throw std::runtime_error(fault->message);
  Run run{std::get<Timeline>(std::move(simulated)), {}};
  const std::vector<RankWork> work = work_of(run.timeline);
  run.timeline.bubbles = bubbles_of(graph, run.timeline, work);
  run.metrics = metrics_of(run.timeline, work, memory, idle_by_cause(graph, run.timeline, work));
  return run;
}

/// The message of the fault that check() finds; empty when it finds none.
inline std::string fault_of(const PipelineProblem& problem) {
  const std::optional<ScheduleFault> fault = check(problem);
  return fault ? fault->message : std::string();
}

}  // namespace stagecraft::test
