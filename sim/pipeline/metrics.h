#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sim/pipeline/memory.h"
#include "sim/pipeline/simulate.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// What one rank did.
struct RankMetrics {
  Duration busy{0};           ///< compute ops
  Duration communication{0};  ///< ops that hold the rank for a send or a gradient reduction
  Duration idle{0};           ///< makespan - busy - communication
  Duration span{0};           ///< first op's start to the last per-micro-batch op's end
  IdleByCause idle_by_cause{};
  RankMemory memory;
};

/// Numbers of a pipeline run. Four definitions of "bubble" are in use; each has its own name here. Ratios
/// that divide by zero (nothing ran) are 0.
struct PipelineMetrics {
  Duration makespan{0};             ///< start of the step to the end of its last op
  Duration span{0};                 ///< longest rank span, which the zero-bubble papers call cost
  Duration ideal{0};                ///< mean over ranks of their compute: the step without any idle time
  double bubble_over_makespan = 0;  ///< (makespan - ideal) / makespan
  double bubble_over_ideal = 0;     ///< (makespan - ideal) / ideal: Megatron-LM's
  /// (span - c) / span with c the mean over ranks of their per-micro-batch compute: the zero-bubble papers'
  /// rate. Neither counts what comes once a step, as the optimizer does.
  double bubble_over_span = 0;
  std::int64_t peak_memory_bytes = 0;  ///< of the worst rank, per device
  std::int64_t peak_activations = 0;   ///< of the worst rank
  std::int64_t ops = 0;
  std::vector<RankMetrics> ranks;
};

/// The peak of activations in micro-batches of which a rank holds its whole share, whatever the parts that it
/// is cut into.
double peak_microbatches(const PipelineMetrics& metrics, const ScheduleShape& shape);

/// Idle time of all ranks together in seconds, by cause: the sum over many ranks may be more nanoseconds than
/// a Duration holds.
std::array<double, kBubbleCauses> idle_seconds(const PipelineMetrics& metrics);

/// Mean time between micro-batches that leave rank 0, in the second half of those behind which another one
/// still enters: what a schedule without flush settles to. Nothing where there are fewer than two. O(ops of
/// rank 0).
std::optional<Duration> steady_microbatch(const Timeline& timeline);

/// From a timeline and what work_of(), memory_of() and idle_by_cause() say of it. O(ranks).
PipelineMetrics metrics_of(const Timeline& timeline, const std::vector<RankWork>& work,
                           const std::vector<RankMemory>& memory, const std::vector<IdleByCause>& idle);

}  // namespace stagecraft
