#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/report/selection.h"
#include "sim/timeline/timeline.h"
#include "sim/trace/intervals.h"

namespace stagecraft {

/// What a device does with its time.
enum class WorkClass : std::uint8_t {
  Compute,        ///< a kernel that is no communication; an op
  Communication,  ///< with other devices: see CommunicationRule; of a Timeline, transfers and ops that send
  Copy,           ///< between host and device or within the device, and memsets
};
inline constexpr int kWorkClasses = 3;

/// One piece of it, such as a kernel: [start, end).
struct Work {
  TimePoint start{0};
  TimePoint end{0};
  WorkClass work = WorkClass::Compute;
  std::string_view name{};   ///< of the kernel; belongs to the trace that it was read of
  std::int64_t stream = -1;  ///< -1: none is known
};

/// Why a device is idle: the BubbleCauses, in their order, and what a profiler's trace tells.
enum class IdleCause : std::uint8_t {
  Synchronization = kBubbleCauses,  ///< the host waited for the device when the gap began, so launched late
  Host,                             ///< the host launched what comes next only after the gap had begun
  Queued,   ///< launched in time, and held back by something that the trace does not show
  Unknown,  ///< the trace does not say who launched what comes next
};
inline constexpr int kIdleCauses = kBubbleCauses + 4;
constexpr IdleCause idle_cause(BubbleCause cause) {
  return static_cast<IdleCause>(cause);
}

struct IdleCauseInfo {
  std::string_view key;   ///< in JSON and CSV: "warm_up"
  std::string_view name;  ///< in words: "warm-up"
  std::string_view help;
};
/// One entry per IdleCause, in the order of the enumeration.
std::span<const IdleCauseInfo> idle_causes();
inline const IdleCauseInfo& info(IdleCause cause) {
  return idle_causes()[static_cast<std::size_t>(cause)];
}

/// A stretch in which a device does nothing, with one cause: [start, end).
struct IdleStretch {
  TimePoint start{0};
  TimePoint end{0};
  IdleCause cause = IdleCause::Unknown;
};

/// What a rank does over time; of a profiler's trace, one GPU.
struct RankActivity {
  std::string name;
  std::vector<Work> work;         ///< by start, then by end; may overlap
  Interval window;                ///< what its numbers are of; all its work lies in it
  std::vector<IdleStretch> idle;  ///< by time: the part of the window in which there is no work
};

/// What one rank has of a transfer: [start, end).
struct RankTransfer {
  std::uint32_t rank = 0;
  TimePoint start{0};
  TimePoint end{0};
};

/// The ranks of a timeline that are shown, each from time 0 to the makespan or over the part of it that lies
/// in the window; what lies across its edge is cut there. A rank communicates while it runs an op that holds
/// it for a send or a reduction, and while something that it sends or receives is on the link
/// (Timeline::transfers, and `transfers` whose other end the timeline does not have). Idle stretches have the
/// causes of Timeline::bubbles, cut by communication; where those say nothing, Unknown. O(n log n).
std::vector<RankActivity> activity_of(const Timeline& timeline, const Selection& shown = {},
                                      std::span<const RankTransfer> transfers = {});

/// Lengths of a rank's time. Compute, communication and copies are unions: two kernels at once count once.
struct ActivityMetrics {
  Duration span{0};                                   ///< of RankActivity::window
  Duration compute{0};                                ///< some compute runs
  Duration communication{0};                          ///< some communication runs
  Duration overlap{0};                                ///< both run: communication that is hidden
  Duration exposed{0};                                ///< communication - overlap
  Duration copies{0};                                 ///< a copy runs and neither of them
  Duration idle{0};                                   ///< span - compute - exposed - copies
  std::array<Duration, kIdleCauses> idle_by_cause{};  ///< adds up to `idle`
  std::array<std::int64_t, kWorkClasses> works{};     ///< pieces of work, by WorkClass

  /// overlap / communication; 0 where there is no communication.
  double hidden() const;
};

/// By interval arithmetic. O(n log n).
ActivityMetrics metrics_of(const RankActivity& rank);

/// The mean over ranks of every length, rounded down to nanoseconds; `works` are added up.
ActivityMetrics mean_of(std::span<const ActivityMetrics> ranks);

/// The times of a rank in which work of a class runs.
Intervals times_of(const RankActivity& rank, WorkClass work);

}  // namespace stagecraft
