#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "scenarios/run/build.h"
#include "scenarios/run/uncertainty.h"
#include "sim/pipeline/metrics.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// What a run of a scenario gives.
struct RunResult {
  BuiltScenario built;
  Timeline
      timeline;  ///< holds the schedule's ops (built.problem.schedule is empty) and what RunOptions ask for
  PipelineMetrics metrics;
  std::optional<Uncertainty> uncertainty;  ///< where RunOptions::samples ask for it
};

struct RunOptions {
  bool bubbles = false;      ///< fill Timeline::bubbles
  bool transfers = false;    ///< fill Timeline::transfers, for pictures and traces
  bool counters = false;     ///< fill Timeline::counters with memory over time
  std::int64_t samples = 0;  ///< of the measured costs, for RunResult::uncertainty
  std::uint64_t seed = 0;    ///< of these
};

/// Builds and simulates. Throws InputError.
RunResult run(const ReadScenario& read, const RunOptions& options = {});

/// A number of a run: a time, a count or a ratio.
using MetricValue = std::variant<Duration, std::int64_t, double>;

/// One number of a run: its JSON key and CSV column, its unit, what it means, and how to get it. Times are
/// written in seconds.
struct MetricInfo {
  std::string_view key;
  std::string_view unit;
  std::string_view help;
  std::optional<MetricValue> (*get)(const RunResult&);  ///< nothing where the scenario has no such number
};

/// Every metric of a run, in the order of the reports.
std::span<const MetricInfo> run_metrics();

}  // namespace stagecraft
