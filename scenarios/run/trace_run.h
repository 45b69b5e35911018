#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/chrome_trace.h"
#include "scenarios/run/run.h"
#include "sim/trace/activity.h"
#include "sim/trace/own_trace.h"
#include "sim/trace/profile.h"

namespace stagecraft {

/// Ranks and their numbers.
struct MeasuredRanks {
  std::vector<RankActivity> ranks;
  std::vector<ActivityMetrics> metrics;  ///< one per rank
  ActivityMetrics mean;
};
MeasuredRanks measured(std::vector<RankActivity> ranks);

/// What traces say, and a simulated step beside it.
struct TraceResult {
  std::vector<std::string> files;
  std::vector<ChromeTrace> traces;  ///< one per file; names in `profile` and `ranks` belong to them
  std::optional<OwnTrace> own;      ///< where Stagecraft wrote the trace
  Profile profile;                  ///< otherwise; its ranks have moved to `trace`
  MeasuredRanks trace;
  std::optional<RunResult> run;            ///< the step to compare with
  std::optional<MeasuredRanks> simulated;  ///< its ranks; there where `run` is
};

/// Reads traces of PyTorch's profiler, or one that Stagecraft wrote. Throws InputError: a file cannot be read
/// or used, is given twice or is of the same rank as another one, one of several is Stagecraft's (which has
/// all ranks), or `rule` is given for such a one.
TraceResult read_traces(const std::vector<std::string>& files, const std::optional<CommunicationRule>& rule);

/// What of a step a trace of Stagecraft's shows: "2 ms..6 ms of 10 ms, ranks 1-2 of 4"; empty: all of it, or
/// it is a profiler's.
std::string cut_text(const TraceResult& result);

/// Simulates the scenario and puts it beside the trace. Throws InputError: the scenario's, or the trace shows
/// a part of a step only, whose numbers cannot be compared with those of a whole one.
void simulate_beside(TraceResult& result, const ReadScenario& read);

/// One number of a rank or of the mean rank: its JSON key, its unit, what it means, and how to get it.
struct TraceMetricInfo {
  std::string_view key;
  std::string_view name;  ///< in words, for the console
  std::string_view unit;
  std::string_view help;
  MetricValue (*get)(const ActivityMetrics&);
};

/// Every such number, in the order of the reports.
std::span<const TraceMetricInfo> trace_metrics();

}  // namespace stagecraft
