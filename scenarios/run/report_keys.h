#pragma once

#include <span>
#include <string_view>

#include "scenarios/run/run.h"

namespace stagecraft {

/// One number of a rank: its JSON key, its unit, what it means, and how to get it. Times are written in
/// seconds. A key may also be that of a number of the run (MetricInfo).
struct RankMetricInfo {
  std::string_view key;
  std::string_view unit;
  std::string_view help;
  MetricValue (*get)(const RankMetrics&);
};

/// Every number of a rank, in the order of the JSON report.
std::span<const RankMetricInfo> rank_metrics();

/// A key of the JSON report that is none of a number: what it holds.
struct ReportKeyInfo {
  std::string_view key;
  std::string_view help;
};

/// Every such key, in the order of the JSON report.
std::span<const ReportKeyInfo> report_keys();

}  // namespace stagecraft
