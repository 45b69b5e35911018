#pragma once

#include "sim/pipeline/lower.h"
#include "sim/pipeline/problem.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// When every op of the problem runs. Sweeps once over the fixed order (replay), or runs the event engine
/// where links are shared, whose queues depend on what happens. Fills begin, ops, start, end and makespan,
/// and with shared links the transfers.
Timeline run_lowered(const PipelineProblem& problem, const LoweredSchedule& lowered);

/// The transfers of a run: one per task input that came from another rank, those that the run recorded where
/// links are shared. O(ops).
std::vector<Transfer> transfers_of(const LoweredSchedule& lowered, const Timeline& timeline);

/// The idle intervals of every rank and their causes (BubbleCause). An interval splits where its cause
/// changes: the part in which the missing input is on the link is Link, whatever the phase. O(ops).
std::vector<Bubble> bubbles_of(const LoweredSchedule& lowered, const Timeline& timeline);

}  // namespace stagecraft
