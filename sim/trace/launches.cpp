#include "sim/trace/launches.h"

#include <algorithm>

namespace stagecraft {

namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_call(const TraceEvent& event) {
  return event.category == "cuda_runtime" || event.category == "cuda_driver";
}

/// cudaMemcpy and the like return when the copy is done.
bool is_blocking_copy(const TraceEvent& call) {
  return has(call.name, "Memcpy") && !has(call.name, "Async");
}

bool waits_for_device(const TraceEvent& call) {
  return has(call.name, "Synchronize") || is_blocking_copy(call);
}

}  // namespace

Launches::Launches(const ChromeTrace& trace) {
  for (const TraceEvent& event : trace.events) {
    if (!is_call(event)) continue;
    if (event.correlation >= 0) by_correlation_.emplace(event.correlation, &event);
    if (waits_for_device(event)) waits_[{event.pid, event.tid}].push_back(&event);
  }
  for (auto& [thread, calls] : waits_)
    std::stable_sort(calls.begin(), calls.end(), [](auto* a, auto* b) { return a->start < b->start; });
}

/// Calls of one thread follow each other, so the last one that began is the only one that may still run.
bool Launches::waits(const Thread& thread, TimePoint time) const {
  const auto calls = waits_.find(thread);
  if (calls == waits_.end()) return false;
  const auto after = std::upper_bound(calls->second.begin(), calls->second.end(), time,
                                      [](TimePoint t, const TraceEvent* call) { return t < call->start; });
  return after != calls->second.begin() && (*std::prev(after))->end() > time;
}

IdleCause Launches::cause(TimePoint idle_since, const TraceEvent& next) const {
  const auto found = by_correlation_.find(next.correlation);
  if (next.correlation < 0 || found == by_correlation_.end()) return IdleCause::Unknown;
  const TraceEvent& launch = *found->second;
  const TimePoint launched = is_blocking_copy(launch) ? launch.start : launch.end();
  if (launched <= idle_since) return IdleCause::Queued;
  return waits({launch.pid, launch.tid}, idle_since) ? IdleCause::Synchronization : IdleCause::Host;
}

}  // namespace stagecraft
