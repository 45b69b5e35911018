#pragma once

#include <cstdint>

#include "base/units.h"

namespace stagecraft {

/// What one stage costs the rank that holds it, for one micro-batch. Times are those of the slowest device
/// of the rank's group; bytes are per device. Every cost model ends here; the simulator begins here.
struct StageCost {
  Duration forward{0};
  Duration backward{0};         ///< full backward, recomputation included
  Duration input_gradient{0};   ///< recomputation included; input + weight gradient may exceed `backward`
  Duration weight_gradient{0};
  /// What a forward and a backward of the same stage save when they run as one op: forward + backward - the
  /// op's own time. Two stages that run so save what the one that saves less does.
  Duration overlap_saving{0};
  Duration eviction{0};  ///< sending a micro-batch's activations to the rank that keeps them meanwhile
  Duration gradient_reduction{0};  ///< once a step: data-parallel reduction that nothing hides
  Duration optimizer{0};           ///< once a step

  std::int64_t weight_bytes = 0;
  std::int64_t gradient_bytes = 0;
  std::int64_t optimizer_bytes = 0;   ///< moments, and the master weights of mixed precision
  std::int64_t activation_bytes = 0;  ///< M_B: kept from F until B (or I)
  std::int64_t weight_gradient_bytes = 0;  ///< M_W <= M_B: still kept between I and W
  std::int64_t working_bytes = 0;     ///< held only while an op runs (recomputed activations, logits)
  std::int64_t output_bytes = 0;      ///< sent to the next stage per device

  /// Model FLOPs of forward and backward over the whole tensor-parallel group, without recomputation:
  /// what model FLOPs utilization counts.
  double model_flops = 0;
};

}  // namespace stagecraft
