#pragma once

#include <array>
#include <span>
#include <variant>
#include <vector>

#include "sim/engine/task_graph.h"
#include "sim/pipeline/problem.h"
#include "sim/pipeline/schedule_index.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// When every op of the problem runs; `graph` is what lower() made of it. Sweeps over the fixed order
/// (replay), or runs the event engine where links are shared, whose queues depend on what happens. Fills
/// begin, ops, start, end and makespan, and with shared links the transfers. Takes the schedule out of
/// `problem`, since the timeline needs it too and it may have 10^8 ops: problem.schedule is empty afterwards.
/// A deadlock comes back as a fault, and the schedule stays.
std::variant<Timeline, ScheduleFault> simulate(PipelineProblem& problem, const TaskGraph& graph);

/// The transfers of a run: one per task input that came from another rank, those that the run recorded where
/// links are shared. O(ops).
std::vector<Transfer> transfers_of(const TaskGraph& graph, const Timeline& timeline);

/// What one rank does in all, by the kinds of its ops.
struct RankWork {
  Duration compute{0};             ///< compute ops
  Duration microbatch_compute{0};  ///< those of them that run once per micro-batch
  Duration communication{0};       ///< ops that hold the rank for a send or a gradient reduction
};

/// The work of every rank. O(ops).
std::vector<RankWork> work_of(const Timeline& timeline);

/// The idle intervals of every rank and their causes (BubbleCause). An interval splits where its cause
/// changes: the part in which the missing input is on the link is Link, whatever the phase; between warm-up
/// and drain a rank's waits are Imbalance until they add up to what the busiest rank computes more than it,
/// and Dependency from there on. `work` is work_of() the timeline. O(ops).
std::vector<Bubble> bubbles_of(const TaskGraph& graph, const Timeline& timeline,
                               std::span<const RankWork> work);

/// Idle time of one rank, by BubbleCause.
using IdleByCause = std::array<Duration, kBubbleCauses>;

/// What bubbles_of() adds up to, per rank, without listing a bubble. O(ops), no memory per op.
std::vector<IdleByCause> idle_by_cause(const TaskGraph& graph, const Timeline& timeline,
                                       std::span<const RankWork> work);

}  // namespace stagecraft
