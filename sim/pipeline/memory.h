#pragma once

#include <cstdint>
#include <vector>

#include "sim/pipeline/problem.h"
#include "sim/timeline/timeline.h"

namespace stagecraft {

/// What a rank holds at most during a step, per device of the rank.
struct RankMemory {
  std::int64_t static_bytes = 0;  ///< weights, gradients and optimizer state of its stages
  std::int64_t peak_bytes =
      0;  ///< static plus activations plus the running op's working memory, at the worst moment
  std::int64_t peak_activations = 0;  ///< most stage activations held at once: counted from F until B, or
                                      ///< until W; with segments those of segments
};

/// Memory of every rank. Depends on the order alone, not on times: a rank runs one op at a time.
/// F takes M_B, B gives it back; I gives back M_B - M_W, W the rest M_W (Qi et al., ICLR 2024, section 2.1).
/// O(ops).
std::vector<RankMemory> memory_of(const PipelineProblem& problem);

/// Memory over time of every rank as a counter "memory" in bytes, for reports. `problem` is what the timeline
/// came from, its schedule no longer needed; `memory` is memory_of() it. O(ops).
std::vector<Counter> memory_counters(const PipelineProblem& problem, const std::vector<RankMemory>& memory,
                                     const Timeline& timeline);

}  // namespace stagecraft
