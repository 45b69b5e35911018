#include "profiles/attach/operator_calls.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "profiles/attach/operator_name.h"
#include "profiles/attach/ranges.h"
#include "profiles/capture/join.h"
#include "profiles/capture/overhead_windows.h"

namespace stagecraft {

namespace {

/// When and where something was launched. The runtime's call and the driver's inside it share a correlation:
/// the first to begin is the program's.
struct Launch {
  RangeStacks::Moment moment;
  bool ambiguous = false;
};

using Launches = std::unordered_map<std::uint32_t, Launch>;  // looked up only, never walked

Launches launches_of(const std::vector<ApiSpan>& calls) {
  Launches launches;
  for (const ApiSpan& call : calls) {
    const RangeStacks::Moment moment{call.thread, call.start_ns};
    const auto [at, is_new] = launches.emplace(call.correlation, Launch{moment});
    if (is_new) continue;
    Launch& launch = at->second;
    launch.ambiguous = launch.ambiguous || launch.moment.thread != call.thread;
    launch.moment.time_ns = std::min(launch.moment.time_ns, call.start_ns);
  }
  return launches;
}

class Join {
 public:
  explicit Join(const Capture& capture)
      : capture_(capture), overheads_(capture.overheads), launches_(launches_of(capture.calls)) {}

  AttachedCalls run() {
    std::size_t unmatched = 0;
    RangeStacks stacks(pair_marks(capture_.marks, unmatched));
    result_.ranges = stacks.ranges().size();
    result_.bad_marks = capture_.bad_marks + unmatched;
    place(stacks);
    for (auto& [range, call] : in_ranges_) {
      call.name = stacks.path(range);
      if (!stacks.ranges()[range].whole) call.state = AttachedCall::State::Unfinished;
      result_.calls.push_back(std::move(call));
    }
    add_outside();
    return std::move(result_);
  }

 private:
  void place(RangeStacks& stacks) {
    std::vector<const DeviceSpan*> placed;  // null: a record without times
    std::vector<RangeStacks::Moment> moments;
    const auto add = [&](std::uint32_t correlation, const DeviceSpan* span) {
      const auto found = launches_.find(correlation);
      if (found == launches_.end()) {
        ++result_.without_call;
        add_to(RangeStacks::kNone, span);
      } else if (found->second.ambiguous) {
        ++result_.ambiguous;
      } else {
        placed.push_back(span);
        moments.push_back(found->second.moment);
      }
    };
    for (const DeviceSpan& span : capture_.spans) add(span.correlation, &span);
    for (const std::uint32_t correlation : capture_.bad_times) add(correlation, nullptr);
    const std::vector<std::size_t> ranges = stacks.innermost(moments);
    for (std::size_t i = 0; i < placed.size(); ++i) add_to(ranges[i], placed[i]);
  }

  void add_to(std::size_t range, const DeviceSpan* span) {
    if (range != RangeStacks::kNone) {
      AttachedCall& call = in_ranges_[range];
      call.in_range = true;
      if (span)
        add_span(call, *span, longest_[range]);
      else
        call.state = AttachedCall::State::BadTime;
    } else if (span) {
      outside_.push_back(span);
    } else {
      ++result_.lost;
    }
  }

  void add_span(AttachedCall& call, const DeviceSpan& span, std::uint64_t& longest_ns) const {
    call.device_ns += span.duration_ns();
    ++call.spans;
    if (span.duration_ns() > longest_ns) {
      longest_ns = span.duration_ns();
      call.kernel = span.name;
    }
    if (call.state == AttachedCall::State::Whole && overheads_.overlap(span.start_ns, span.end_ns))
      call.state = AttachedCall::State::InOverhead;
  }

  /// Many kernels have one name, which takes longer to read than all else.
  const std::string& name_of(const DeviceSpan& span) {
    std::string& name = names_[{span.kind, span.copy_kind, span.name}];
    if (name.empty()) name = operator_name(span);
    return name;
  }

  void add_outside() {
    std::stable_sort(outside_.begin(), outside_.end(), [](auto* a, auto* b) {
      return std::tie(a->start_ns, a->correlation) < std::tie(b->start_ns, b->correlation);
    });
    for (const DeviceSpan* span : outside_) {
      AttachedCall call;
      call.name = name_of(*span);
      std::uint64_t longest_ns = 0;
      add_span(call, *span, longest_ns);
      result_.calls.push_back(std::move(call));
    }
  }

  const Capture& capture_;
  OverheadWindows overheads_;
  Launches launches_;
  std::map<std::size_t, AttachedCall> in_ranges_;
  std::map<std::size_t, std::uint64_t> longest_;
  std::vector<const DeviceSpan*> outside_;
  std::map<std::tuple<DeviceSpan::Kind, std::uint8_t, std::string_view>, std::string> names_;
  AttachedCalls result_;
};

}  // namespace

AttachedCalls operator_calls(const Capture& capture) {
  expect_nothing_dropped(capture);
  return Join(capture).run();
}

}  // namespace stagecraft
