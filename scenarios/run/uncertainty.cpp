#include "scenarios/run/uncertainty.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/error.h"
#include "sim/engine/batch.h"
#include "sim/pipeline/lower.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

/// Samples replayed side by side: one SIMD pass.
constexpr std::int64_t kBatch = 16;

/// The scenario's problem with the costs of one sample; its schedule stays behind.
PipelineProblem sampled(const BuiltScenario& built, const CostSample& sample) {
  const PipelineProblem& problem = built.problem;
  PipelineProblem result{.schedule = {},
                         .shape = problem.shape,
                         .stages = {},
                         .edges = {},
                         .transfers = problem.transfers,
                         .shared_links = problem.shared_links};
  set_costs(result, model_costs(built, sample));
  return result;
}

void fill(CostSamples& costs, const std::vector<TaskCost>& classes, std::size_t sample) {
  for (std::size_t c = 0; c < classes.size(); ++c) {
    costs.duration(c, sample) = classes[c].duration;
    for (std::size_t input = 0; input < 2; ++input)
      costs.latency(c, input, sample) = classes[c].latency[input];
  }
}

std::vector<Duration> replayed(const BuiltScenario& built, const TaskGraph& graph, std::int64_t samples,
                               std::uint64_t seed) {
  const auto program = std::get<BatchProgram>(compile_batch(graph));
  const StagePlacement placement = placement_of(built.problem.schedule, built.problem.shape);
  std::vector<Duration> makespans;
  for (std::int64_t first = 1; first <= samples; first += kBatch) {
    const auto count = static_cast<std::size_t>(std::min(kBatch, samples - first + 1));
    CostSamples costs(graph, count);
    for (std::size_t i = 0; i < count; ++i) {
      const CostSample sample{seed, first + static_cast<std::int64_t>(i)};
      fill(costs, task_costs(sampled(built, sample), placement), i);
    }
    const BatchResult result = replay_batch(program, costs);
    makespans.insert(makespans.end(), result.makespan.begin(), result.makespan.end());
  }
  return makespans;
}

/// Shared links queue differently in every sample.
std::vector<Duration> simulated(const BuiltScenario& built, const TaskGraph& graph, std::int64_t samples,
                                std::uint64_t seed) {
  const StagePlacement placement = placement_of(built.problem.schedule, built.problem.shape);
  TaskGraph changed = graph;
  std::vector<Duration> makespans;
  for (std::int64_t number = 1; number <= samples; ++number) {
    PipelineProblem problem = sampled(built, {seed, number});
    changed.costs = task_costs(problem, placement);
    problem.schedule = built.problem.schedule;
    makespans.push_back(std::get<Timeline>(simulate(problem, changed)).makespan);
  }
  return makespans;
}

}  // namespace

Duration Uncertainty::quantile(double share) const {
  std::vector<Duration> sorted = makespans;
  std::ranges::sort(sorted);
  const double at = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted[static_cast<std::size_t>(std::max(1.0, at)) - 1];
}

Uncertainty uncertainty_of(const BuiltScenario& built, std::int64_t samples, std::uint64_t seed) {
  const bool measured = built.measured && !built.measured->kernels.used().empty();
  if (!measured && !built.calibrated)
    throw InputError(
        "stagecraft: error: '--uncertainty' needs measured costs, which state their error\n"
        "      = give costs.table or costs.calibration; given times are taken as exact, and a datasheet says "
        "nothing of its error");
  const auto lowered = lower(built.problem);
  if (const auto* fault = std::get_if<ScheduleFault>(&lowered)) throw InputError(fault->message);
  const auto& graph = std::get<TaskGraph>(lowered);
  try {
    return {.seed = seed,
            .makespans = built.problem.shared_links ? simulated(built, graph, samples, seed)
                                                    : replayed(built, graph, samples, seed)};
  } catch (const std::domain_error&) {
  } catch (const std::invalid_argument&) {
  } catch (const std::overflow_error&) {
  }
  throw InputError(
      "stagecraft: error: with these costs, a sample has ops of hours: --uncertainty holds ops of up to 4.9 "
      "hours");
}

}  // namespace stagecraft
