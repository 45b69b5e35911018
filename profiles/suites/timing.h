#pragma once

#include "profiles/capture/tracer.h"
#include "profiles/raw_rows.h"
#include "profiles/suites/case.h"

namespace stagecraft {

/// How long to measure one point.
struct TimingRules {
  int warm_up_calls = 5;
  double settle_s = 0.2;         ///< of load before calls that are long enough to change the clock
  double settle_above_us = 500;  ///< which those are
  int calls = 30;                ///< unless they take longer than:
  double most_s = 0.3;
  int fewest_calls = 7;

  /// For a first look: a third of the time.
  static TimingRules quick() { return {5, 0.05, 500, 15, 0.1, 5}; }
};

/// Ids of calls, unique in the process: a record that comes late belongs to no later point.
std::uint64_t next_call_id();

/// How often it was timed, and the quantiles of the times.
void set_times(MeasuredRow& row, const std::vector<double>& us);

/// Whether the copies of a case do not fill three L2 caches, so that the cache must be flushed between calls.
bool needs_flush(const Case& ready, const Bench& bench);

/// Times one point, the same way for every suite: warm up, let the clock settle, then calls on rotating
/// operands with a flush of the cache between them where a rotation fits in it. Device time is CUPTI's;
/// events and the host's clock are beside it. Without a tracer (the cost of launches, which tracing
/// lengthens) the device time is the events'.
MeasuredRow measure(Bench& bench, Tracer* tracer, const Case& ready, const SuitePoint& point,
                    const TimingRules& rules);

}  // namespace stagecraft
