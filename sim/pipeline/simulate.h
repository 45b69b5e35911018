#pragma once

#include <array>
#include <vector>

#include "sim/pipeline/lower.h"
#include "sim/pipeline/problem.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// When every op of the problem runs. Sweeps once over the fixed order (replay), or runs the event engine
/// where links are shared, whose queues depend on what happens. Fills begin, ops, start, end and makespan,
/// and with shared links the transfers. Takes the schedule out of `problem`, since the timeline needs it too
/// and it may have 10^8 ops: problem.schedule is empty afterwards.
Timeline run_lowered(PipelineProblem& problem, const LoweredSchedule& lowered);

/// The transfers of a run: one per task input that came from another rank, those that the run recorded where
/// links are shared. O(ops).
std::vector<Transfer> transfers_of(const LoweredSchedule& lowered, const Timeline& timeline);

/// The idle intervals of every rank and their causes (BubbleCause). An interval splits where its cause
/// changes: the part in which the missing input is on the link is Link, whatever the phase. O(ops).
std::vector<Bubble> bubbles_of(const LoweredSchedule& lowered, const Timeline& timeline);

/// Idle time of one rank, by BubbleCause.
using IdleByCause = std::array<Duration, kBubbleCauses>;

/// What bubbles_of() adds up to, per rank, without listing a bubble. O(ops), no memory per op.
std::vector<IdleByCause> idle_by_cause(const LoweredSchedule& lowered, const Timeline& timeline);

}  // namespace stagecraft
