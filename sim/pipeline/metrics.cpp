#include "sim/pipeline/metrics.h"

#include <algorithm>

namespace stagecraft {

namespace {

RankMetrics rank_metrics(const Timeline& timeline, std::size_t rank) {
  RankMetrics metrics;
  const std::size_t first = timeline.begin[rank];
  const std::size_t last = timeline.begin[rank + 1];
  TimePoint span_end{0};
  for (std::size_t i = first; i < last; ++i) {
    const OpKindInfo& kind = info(timeline.ops[i].kind);
    (kind.compute ? metrics.busy : metrics.communication) += timeline.end[i] - timeline.start[i];
    if (kind.per_microbatch) span_end = timeline.end[i];
  }
  if (last > first) metrics.span = std::max(Duration{0}, span_end - timeline.start[first]);
  metrics.idle = timeline.makespan - metrics.busy - metrics.communication;
  return metrics;
}

double ratio(Duration part, Duration whole) {
  return whole > Duration{0} ? static_cast<double>(part.count()) / static_cast<double>(whole.count()) : 0.0;
}

}  // namespace

PipelineMetrics metrics_of(const Timeline& timeline, const std::vector<RankMemory>& memory,
                           const std::vector<IdleByCause>& idle) {
  PipelineMetrics metrics{.makespan = timeline.makespan,
                          .ops = static_cast<std::int64_t>(timeline.ops.size())};
  Duration work{0};
  for (std::size_t rank = 0; rank < memory.size(); ++rank) {
    RankMetrics one = rank_metrics(timeline, rank);
    one.memory = memory[rank];
    one.idle_by_cause = idle[rank];
    work += one.busy;
    metrics.span = std::max(metrics.span, one.span);
    metrics.peak_memory_bytes = std::max(metrics.peak_memory_bytes, one.memory.peak_bytes);
    metrics.peak_activations = std::max(metrics.peak_activations, one.memory.peak_activations);
    metrics.ranks.push_back(one);
  }
  if (!memory.empty()) metrics.ideal = work / static_cast<std::int64_t>(memory.size());
  metrics.bubble_over_makespan = ratio(metrics.makespan - metrics.ideal, metrics.makespan);
  metrics.bubble_over_ideal = ratio(metrics.makespan - metrics.ideal, metrics.ideal);
  metrics.bubble_over_span = ratio(metrics.span - metrics.ideal, metrics.span);
  return metrics;
}

}  // namespace stagecraft
