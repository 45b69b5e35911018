#include "scenarios/run/run.h"

#include <array>

#include "sim/pipeline/lower.h"
#include "sim/pipeline/memory.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

using Value = std::optional<MetricValue>;

/// Samples that all replicas together finish per second.
Value samples_per_second(const RunResult& run) {
  if (!run.built.training || run.metrics.makespan <= Duration{0}) return std::nullopt;
  return static_cast<double>(run.built.training->global_batch) / to_seconds(run.metrics.makespan);
}

Value tokens_per_second(const RunResult& run) {
  const Value samples = samples_per_second(run);
  if (!samples) return std::nullopt;
  return std::get<double>(*samples) * static_cast<double>(run.built.training->model.sequence);
}

Value model_flops_per_device(const RunResult& run) {
  const Value samples = samples_per_second(run);
  if (!samples) return std::nullopt;
  const Training& training = *run.built.training;
  return std::get<double>(*samples) * model_flops_per_sample(training.model) /
         static_cast<double>(training.strategy.devices());
}

Value utilization(const RunResult& run) {
  const Value flops = model_flops_per_device(run);
  if (!flops) return std::nullopt;
  return std::get<double>(*flops) / run.built.training->cluster.device.half.per_second;
}

Value devices(const RunResult& run) {
  if (!run.built.training) return std::nullopt;
  return run.built.training->strategy.devices();
}

/// Only where a run is a cut-out of an endless one.
Value steady_microbatch_of(const RunResult& run) {
  const ScheduleEntry* entry = run.built.schedule_entry;
  if (!entry || !entry->update_every) return std::nullopt;
  const std::optional<Duration> steady = steady_microbatch(run.timeline);
  return steady ? Value(*steady) : std::nullopt;
}

constexpr std::array kMetrics{
    MetricInfo{"makespan_s", "s",
               "from the start of the step to the end of its last op, optimizer and reduction included",
               [](const RunResult& run) -> Value { return run.metrics.makespan; }},
    MetricInfo{"span_s", "s",
               "longest rank span: from a rank's first op to the end of its last micro-batch op; the "
               "zero-bubble papers call it cost",
               [](const RunResult& run) -> Value { return run.metrics.span; }},
    MetricInfo{"ideal_s", "s", "mean over ranks of their compute: the step if no rank were ever idle",
               [](const RunResult& run) -> Value { return run.metrics.ideal; }},
    MetricInfo{"bubble_over_makespan", "ratio",
               "(makespan - ideal) / makespan; for equal stages and free transfers (p-1)/(m+p-1) with GPipe "
               "and 1F1B",
               [](const RunResult& run) -> Value { return run.metrics.bubble_over_makespan; }},
    MetricInfo{"bubble_over_ideal", "ratio",
               "(makespan - ideal) / ideal; Megatron-LM's bubble (Narayanan et al., SC 2021): (p-1)/m",
               [](const RunResult& run) -> Value { return run.metrics.bubble_over_ideal; }},
    MetricInfo{
        "bubble_over_span", "ratio",
        "(span - c) / span, c the mean over ranks of their per-micro-batch compute; the zero-bubble papers' "
        "rate (Qi et al., ICLR 2024)",
        [](const RunResult& run) -> Value { return run.metrics.bubble_over_span; }},
    MetricInfo{"peak_memory_bytes", "bytes",
               "most memory that any device holds: weights, gradients, optimizer state, activations and the "
               "running op's working memory",
               [](const RunResult& run) -> Value { return run.metrics.peak_memory_bytes; }},
    MetricInfo{"peak_activations", "count",
               "most stage activations that any rank holds at once, each of one stage and micro-batch, from "
               "F until B (or W)",
               [](const RunResult& run) -> Value { return run.metrics.peak_activations; }},
    MetricInfo{
        "steady_microbatch_s", "s",
        "schedules without a flush (pipedream, pipedream-2bw): mean time between micro-batches that leave "
        "rank 0 once the pipeline is full",
        steady_microbatch_of},
    MetricInfo{"throughput_samples_per_s", "samples/s", "samples of the global batch over the makespan",
               samples_per_second},
    MetricInfo{"throughput_tokens_per_s", "tokens/s", "tokens of the global batch over the makespan",
               tokens_per_second},
    MetricInfo{"model_flops_per_device_per_s", "FLOP/s",
               "FLOPs that the model needs, recomputation not counted, over makespan and devices",
               model_flops_per_device},
    MetricInfo{"model_flops_utilization", "ratio",
               "model_flops_per_device_per_s over the device's dense half-precision peak (MFU)", utilization},
    MetricInfo{"devices", "count", "devices used: tensor x pipeline x data", devices},
    MetricInfo{"ops", "count", "ops simulated on all ranks",
               [](const RunResult& run) -> Value { return run.metrics.ops; }},
};

}  // namespace

std::span<const MetricInfo> run_metrics() {
  return kMetrics;
}

RunResult run(const ReadScenario& read, const RunOptions& options) {
  RunResult result{.built = build(read), .timeline = {}, .metrics = {}, .uncertainty = {}};
  if (options.samples > 0) result.uncertainty = uncertainty_of(result.built, options.samples, options.seed);
  PipelineProblem& problem = result.built.problem;
  const auto fail = [&](const ScheduleFault& fault) {
    return error_at(*read.root, "pipeline.schedule", fault.message);
  };
  const auto lowered = lower(problem);
  if (const auto* fault = std::get_if<ScheduleFault>(&lowered)) throw fail(*fault);
  const auto& graph = std::get<TaskGraph>(lowered);
  const std::vector<RankMemory> memory = memory_of(problem);
  auto simulated = simulate(problem, graph);
  if (const auto* fault = std::get_if<ScheduleFault>(&simulated)) throw fail(*fault);
  result.timeline = std::get<Timeline>(std::move(simulated));
  const std::vector<RankWork> work = work_of(result.timeline);
  if (options.bubbles) result.timeline.bubbles = bubbles_of(graph, result.timeline, work);
  if (options.transfers) result.timeline.transfers = transfers_of(graph, result.timeline);
  if (options.counters) result.timeline.counters = memory_counters(problem, memory, result.timeline);
  result.metrics = metrics_of(result.timeline, work, memory, idle_by_cause(graph, result.timeline, work));
  return result;
}

}  // namespace stagecraft
