#include "profiles/capture/join.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "profiles/capture/overhead_windows.h"

namespace stagecraft {

namespace {

class Join {
 public:
  explicit Join(const Capture& capture) : overheads_(capture.overheads) {
    for (const auto& [correlation, id] : capture.ids) add_id(correlation, id);
    for (const DeviceSpan& span : capture.spans) add_span(span);
    for (const ApiSpan& call : capture.calls) add_call(call);
    for (const std::uint32_t correlation : capture.bad_times)
      if (const std::uint64_t* id = find(correlation)) bad_time_.insert(*id);
  }

  JoinedCalls run() {
    for (auto& [id, building] : calls_) keep_or_count(building);
    return std::move(result_);
  }

 private:
  struct Building {
    OperatorCall call;
    std::uint64_t longest_ns = 0;
    bool in_overhead = false;
  };

  void add_id(std::uint32_t correlation, std::uint64_t id) {
    calls_[id].call.id = id;
    const auto [at, is_new] = ids_.emplace(correlation, id);
    if (is_new || at->second == id) return;
    ambiguous_.insert(at->second);
    ambiguous_.insert(id);
  }

  const std::uint64_t* find(std::uint32_t correlation) const {
    const auto found = ids_.find(correlation);
    return found == ids_.end() ? nullptr : &found->second;
  }

  void add_span(const DeviceSpan& span) {
    const std::uint64_t* id = find(span.correlation);
    if (!id) {
      ++result_.spans_without_id;
      return;
    }
    Building& building = calls_[*id];
    OperatorCall& call = building.call;
    call.start_ns = call.spans == 0 ? span.start_ns : std::min(call.start_ns, span.start_ns);
    call.end_ns = std::max(call.end_ns, span.end_ns);
    call.device_ns += span.duration_ns();
    call.pageable_host = call.pageable_host || span.pageable_host;
    ++call.spans;
    if (span.duration_ns() > building.longest_ns) {
      building.longest_ns = span.duration_ns();
      call.kernel = span.name;
    }
    building.in_overhead = building.in_overhead || overheads_.overlap(span.start_ns, span.end_ns);
  }

  void add_call(const ApiSpan& api) {
    const std::uint64_t* id = find(api.correlation);
    if (!id || !api.runtime) return;
    Building& building = calls_[*id];
    if (api.end_ns > api.start_ns) building.call.api_ns += api.end_ns - api.start_ns;
    // A launch that loaded its function or waited for a buffer began its kernel late: an event would show it.
    building.in_overhead = building.in_overhead || overheads_.overlap(api.start_ns, api.end_ns);
  }

  void keep_or_count(Building& building) {
    const std::uint64_t id = building.call.id;
    if (ambiguous_.count(id))
      ++result_.ambiguous;
    else if (bad_time_.count(id))
      ++result_.bad_time;
    else if (building.call.spans == 0)
      ++result_.without_spans;
    else if (building.in_overhead)
      ++result_.in_overhead;
    else
      result_.calls.push_back(std::move(building.call));
  }

  OverheadWindows overheads_;
  std::unordered_map<std::uint32_t, std::uint64_t> ids_;  // looked up only, never walked
  std::map<std::uint64_t, Building> calls_;
  std::set<std::uint64_t> ambiguous_;
  std::set<std::uint64_t> bad_time_;
  JoinedCalls result_;
};

}  // namespace

void expect_nothing_dropped(const Capture& capture) {
  if (capture.dropped > 0)
    throw CaptureError(
        fmt::format("CUPTI dropped {} records, so this run measured nothing that can be trusted; use larger "
                    "buffers or fewer launches between two flushes",
                    capture.dropped));
}

JoinedCalls join(const Capture& capture) {
  expect_nothing_dropped(capture);
  return Join(capture).run();
}

}  // namespace stagecraft
