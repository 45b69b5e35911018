#include "sim/pipeline/metrics.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// From the rank's first op to the end of its last per-micro-batch op.
Duration span_of(const Timeline& timeline, std::size_t rank) {
  const std::size_t first = timeline.begin[rank];
  std::size_t past = timeline.begin[rank + 1];
  while (past > first && !info(timeline.ops[past - 1].kind).per_microbatch) --past;
  return past > first ? timeline.end[past - 1] - timeline.start[first] : Duration{0};
}

RankMetrics rank_metrics(const Timeline& timeline, std::size_t rank, const RankWork& work) {
  return {.busy = work.compute,
          .communication = work.communication,
          .idle = timeline.makespan - work.compute - work.communication,
          .span = span_of(timeline, rank)};
}

double ratio(Duration part, Duration whole) {
  return whole > Duration{0} ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0.0;
}

}  // namespace

double peak_microbatches(const PipelineMetrics& metrics, const ScheduleShape& shape) {
  return static_cast<double>(metrics.peak_activations) / (static_cast<double>(shape.chunks) * shape.segments);
}

std::array<double, kBubbleCauses> idle_seconds(const PipelineMetrics& metrics) {
  std::array<double, kBubbleCauses> sum{};
  for (const RankMetrics& rank : metrics.ranks)
    for (std::size_t cause = 0; cause < sum.size(); ++cause)
      sum[cause] += to_seconds(rank.idle_by_cause[cause]);
  return sum;
}

std::optional<Duration> steady_microbatch(const Timeline& timeline) {
  if (timeline.ranks() == 0) return std::nullopt;
  std::vector<TimePoint> left;
  TimePoint last_entered{0};
  for (std::size_t i = timeline.begin[0]; i < timeline.begin[1]; ++i) {
    if (has_forward(timeline.ops[i].kind)) last_entered = timeline.start[i];
    if (has_input_gradient(timeline.ops[i].kind)) left.push_back(timeline.end[i]);
  }
  while (!left.empty() && left.back() > last_entered) left.pop_back();
  if (left.size() < 2) return std::nullopt;
  const std::size_t first = (left.size() - 1) / 2;
  return (left.back() - left[first]) / static_cast<std::int64_t>(left.size() - 1 - first);
}

PipelineMetrics metrics_of(const Timeline& timeline, const std::vector<RankWork>& work,
                           const std::vector<RankMemory>& memory, const std::vector<IdleByCause>& idle) {
  PipelineMetrics metrics{.makespan = timeline.makespan,
                          .ops = static_cast<std::int64_t>(timeline.ops.size())};
  Duration compute{0};
  Duration microbatch_compute{0};
  for (std::size_t rank = 0; rank < memory.size(); ++rank) {
    RankMetrics one = rank_metrics(timeline, rank, work[rank]);
    one.memory = memory[rank];
    one.idle_by_cause = idle[rank];
    compute += work[rank].compute;
    microbatch_compute += work[rank].microbatch_compute;
    metrics.span = std::max(metrics.span, one.span);
    metrics.peak_memory_bytes = std::max(metrics.peak_memory_bytes, one.memory.peak_bytes);
    metrics.peak_activations = std::max(metrics.peak_activations, one.memory.peak_activations);
    metrics.ranks.push_back(one);
  }
  const auto ranks = static_cast<std::int64_t>(std::max<std::size_t>(1, memory.size()));
  metrics.ideal = compute / ranks;
  metrics.bubble_over_makespan = ratio(metrics.makespan - metrics.ideal, metrics.makespan);
  metrics.bubble_over_ideal = ratio(metrics.makespan - metrics.ideal, metrics.ideal);
  metrics.bubble_over_span = ratio(metrics.span - microbatch_compute / ranks, metrics.span);
  return metrics;
}

}  // namespace stagecraft
