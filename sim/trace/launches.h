#pragma once

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/chrome_trace.h"
#include "sim/trace/activity.h"

namespace stagecraft {

/// The calls of one file's host that launch work and that wait for it.
class Launches {
 public:
  explicit Launches(const ChromeTrace& trace);

  /// Why nothing ran from `idle_since` until `next` began; see profile_of(). O(log n).
  IdleCause cause(TimePoint idle_since, const TraceEvent& next) const;

 private:
  using Thread = std::pair<std::int64_t, std::int64_t>;  // pid, tid

  bool waits(const Thread& thread, TimePoint time) const;

  std::unordered_map<std::int64_t, const TraceEvent*> by_correlation_;
  std::map<Thread, std::vector<const TraceEvent*>> waits_;  // by start
};

}  // namespace stagecraft
