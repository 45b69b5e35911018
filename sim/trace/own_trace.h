#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/chrome_trace.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// The categories and arguments that timeline_of() needs of a trace.
std::span<const std::string_view> own_trace_categories();
std::span<const std::string_view> own_trace_args();
inline constexpr std::string_view kOwnTracePhases = "XMCsf";

/// Whether write_trace() wrote it: its ops say of which stage they are and what they do.
bool is_own_trace(const ChromeTrace& trace);

/// The Timeline that write_trace() wrote. Of a whole trace it is the same one: ops, times, transfers, bubbles
/// with what they wait for, counters, names. Of a trace that was cut (Selection) it has the ranks and ops
/// that were shown, the transfers between them, and the bubbles, which wait for kNoOp where the op is not
/// shown. O(n) but for looking up what bubbles wait for. Throws InputError (`path` names the file): no op has
/// this kind, stage or micro-batch, ops of a rank overlap, an event is of no rank.
Timeline timeline_of(const ChromeTrace& trace, const std::string& path);

}  // namespace stagecraft
