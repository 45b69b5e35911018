#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chrome_trace.h"
#include "sim/trace/activity.h"

namespace stagecraft {

/// The categories and arguments that own_trace_of() needs of a trace.
std::span<const std::string_view> own_trace_categories();
std::span<const std::string_view> own_trace_args();
inline constexpr std::string_view kOwnTracePhases = "XMCsf";

/// Whether write_trace() wrote it: its ops say of which stage they are and what they do.
bool is_own_trace(const ChromeTrace& trace);

/// What write_trace() wrote.
struct OwnTrace {
  /// Of a whole trace the same Timeline: ops, times, transfers, bubbles with what they wait for, counters,
  /// names. Of a trace that was cut: all ranks, of which those that it does not show have no ops and no name,
  /// the makespan of the whole step, the ops that were shown, the transfers between them, and the bubbles,
  /// which wait for kNoOp where the op is not shown.
  Timeline timeline;
  Selection shown{};                      ///< of a trace that was cut, what it shows; else everything
  std::vector<RankTransfer> transfers{};  ///< those that `timeline` lacks since an op of theirs is not shown

  bool is_cut() const { return cuts(timeline, shown); }
};

/// O(n) but for looking up what bubbles wait for. Throws InputError (`path` names the file): no op has this
/// kind, stage or micro-batch, ops of a rank overlap, an event is of no rank, a cut of nothing.
OwnTrace own_trace_of(const ChromeTrace& trace, const std::string& path);

}  // namespace stagecraft
