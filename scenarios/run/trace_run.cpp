#include "scenarios/run/trace_run.h"

#include <array>

#include "base/error.h"
#include "sim/trace/own_trace.h"

namespace stagecraft {

namespace {

constexpr std::array kTraceMetrics{
    TraceMetricInfo{
        "span_s", "span", "s",
        "from the rank's first start to its last end; of a simulated step, from its start to its end",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.span; }},
    TraceMetricInfo{"compute_s", "compute", "s", "time in which at least one kernel or op computes",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.compute; }},
    TraceMetricInfo{
        "communication_s", "communication", "s",
        "time in which at least one kernel or copy communicates with other devices (`stagecraft trace` "
        "says which ones count); of a simulated step, a transfer from or to the rank is on the link, or "
        "an op holds it for a send or a reduction",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.communication; }},
    TraceMetricInfo{"overlap_s", "overlap", "s", "time in which the rank computes and communicates",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.overlap; }},
    TraceMetricInfo{"communication_hidden", "hidden", "ratio",
                    "overlap_s / communication_s: the share of communication that compute hides",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.hidden(); }},
    TraceMetricInfo{"exposed_s", "exposed", "s",
                    "communication_s - overlap_s: the rank communicates and does not compute",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.exposed; }},
    TraceMetricInfo{
        "copies_s", "copies", "s",
        "time in which the rank neither computes nor communicates, but copies from or to the host or "
        "within the device, or sets memory",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.copies; }},
    TraceMetricInfo{
        "idle_s", "idle", "s",
        "span_s - compute_s - exposed_s - copies_s; idle_by_cause_s adds up to it. Unlike idle_s of a "
        "run, it leaves out waiting for a transfer that is on the link: that is exposed_s",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.idle; }},
};

/// Both kinds of trace are told apart by what they hold, so that a file is read once.
ChromeTrace read_any(const std::string& file) {
  std::vector<std::string_view> categories(own_trace_categories().begin(), own_trace_categories().end());
  categories.insert(categories.end(), profile_categories().begin(), profile_categories().end());
  return read_chrome_trace(
      file,
      {.categories = categories, .args = own_trace_args(), .phases = kOwnTracePhases, .counter_args = true});
}

}  // namespace

std::span<const TraceMetricInfo> trace_metrics() {
  return kTraceMetrics;
}

MeasuredRanks measured(std::vector<RankActivity> ranks) {
  MeasuredRanks result{.ranks = std::move(ranks), .metrics = {}, .mean = {}};
  for (const RankActivity& rank : result.ranks) result.metrics.push_back(metrics_of(rank));
  result.mean = mean_of(result.metrics);
  return result;
}

TraceResult read_traces(const std::vector<std::string>& files, const std::optional<CommunicationRule>& rule) {
  TraceResult result;
  result.files = files;
  for (const std::string& file : files) {
    result.traces.push_back(read_any(file));
    if (!is_own_trace(result.traces.back())) continue;
    if (files.size() > 1)
      throw file_error(file, "is a trace that Stagecraft wrote, which has all ranks: give it alone");
    if (rule)
      throw file_error(file, "is a trace that Stagecraft wrote, which says itself what communicates",
                       {"'--comm' is for traces of a profiler"});
    result.timeline = timeline_of(result.traces[0], file);
    result.trace = measured(activity_of(*result.timeline));
    return result;
  }
  result.profile = profile_of(result.traces, files, rule.value_or(CommunicationRule{}));
  result.trace = measured(std::move(result.profile.ranks));
  return result;
}

void simulate_beside(TraceResult& result, const ReadScenario& read) {
  result.run = run(read, {.bubbles = true, .transfers = true});
  result.simulated = measured(activity_of(result.run->timeline));
}

}  // namespace stagecraft
