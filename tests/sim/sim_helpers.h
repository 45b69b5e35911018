#pragma once

#include <string>

#include "sim/pipeline/lower.h"
#include "sim/pipeline/memory.h"
#include "sim/pipeline/metrics.h"
#include "sim/pipeline/problem.h"
#include "sim/pipeline/simulate.h"
#include "sim/schedule/registry.h"

namespace stagecraft::test {

/// Times of a rank's full share of one micro-batch; a chunk costs 1/v of them.
struct Uniform {
  Duration forward;
  Duration backward;  ///< both gradients
  Duration hop{0};
};

inline PipelineProblem uniform_problem(const Schedule& schedule, const ScheduleShape& shape,
                                       const Uniform& costs) {
  const StageCost stage{.forward = costs.forward / shape.chunks,
                        .backward = costs.backward / shape.chunks,
                        .activation_bytes = 1};
  return {.schedule = schedule,
          .shape = shape,
          .stages = std::vector<StageCost>(static_cast<std::size_t>(shape.stages()), stage),
          .edges = chain(shape.stages(), costs.hop)};
}

inline PipelineProblem uniform_problem(std::string_view name, const ScheduleShape& shape,
                                       const Uniform& costs) {
  return uniform_problem(find_schedule(name)->generate(shape), shape, costs);
}

struct Run {
  Timeline timeline;
  PipelineMetrics metrics;
};

/// Lowers, runs, finds bubbles and measures. Throws what lower() found wrong.
inline Run simulate(PipelineProblem problem) {
  const auto result = lower(problem);
  if (const auto* fault = std::get_if<ScheduleFault>(&result)) throw std::runtime_error(fault->message);
  const auto& lowered = std::get<LoweredSchedule>(result);
  const std::vector<RankMemory> memory = memory_of(problem);
  Run run{run_lowered(problem, lowered), {}};
  run.timeline.bubbles = bubbles_of(lowered, run.timeline);
  run.metrics = metrics_of(run.timeline, memory, idle_by_cause(lowered, run.timeline));
  return run;
}

/// The message of the fault that lower() finds; empty when it finds none.
inline std::string fault_of(const PipelineProblem& problem) {
  const auto result = lower(problem);
  const auto* fault = std::get_if<ScheduleFault>(&result);
  return fault ? fault->message : std::string();
}

}  // namespace stagecraft::test
