// kFkB. Wang et al., "Ada-Grouper: Accelerating Pipeline Parallelism in Preempted Network by Adaptive
// Group-Scheduling for Micro-Batches", arXiv 2303.01675, section 4.
#include <algorithm>

#include "sim/schedule/generators.h"

namespace stagecraft {

Schedule k_f_k_b(const ScheduleShape& shape) {
  const int k = std::min(group_size(shape, kDefaultKfkb), shape.microbatches);
  const int groups = (shape.microbatches + k - 1) / k;
  Schedule schedule;
  schedule.ops.reserve(2 * static_cast<std::size_t>(shape.ranks) *
                       static_cast<std::size_t>(shape.microbatches));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    const auto push = [&](OpKind kind, int group) {
      for (int i = group * k; i < std::min((group + 1) * k, shape.microbatches); ++i)
        schedule.ops.push_back(make_op(kind, rank, i));
    };
    const int warmup = std::min(shape.ranks - 1 - rank, groups);
    int forward = 0;
    int backward = 0;
    while (forward < warmup) push(OpKind::Forward, forward++);
    while (forward < groups) {
      push(OpKind::Forward, forward++);
      push(OpKind::Backward, backward++);
    }
    while (backward < groups) push(OpKind::Backward, backward++);
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
