#pragma once

#include <cstdint>
#include <vector>

#include "sim/timeline/timeline.h"

namespace stagecraft {

/// A pipeline to draw: op lists by rank, and one cost for all stages.
struct TestPipeline {
  std::vector<std::vector<Op>> ranks;
  int stages = 1;  ///< stage s runs on rank s % ranks
  Duration forward{1'000'000};
  Duration backward{2'000'000};
  Duration transfer{0};
};

TestPipeline gpipe_pipeline(int ranks, int microbatches);
TestPipeline one_f_one_b_pipeline(int ranks, int microbatches);
/// Megatron-LM's interleaved order; microbatches must be a multiple of ranks.
TestPipeline interleaved_pipeline(int ranks, int microbatches, int chunks);

/// Runs every op as soon as the op before it on the rank and its input allow. Fills transfers, bubbles (with
/// a rough cause each: these are tests of drawing, not of finding causes) and the counter "activations".
Timeline run(const TestPipeline& pipeline);

/// Ops without meaning, but with lengths from 0 to 5 ns, gaps from 0 to 3 ns, empty ranks, and transfers that
/// overlap and go both ways: what a writer must get right whatever the schedule.
Timeline random_timeline(std::uint32_t seed, int ranks, int ops_per_rank);

}  // namespace stagecraft
