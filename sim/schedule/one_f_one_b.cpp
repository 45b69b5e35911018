// 1F1B with a flush. Narayanan et al., "Memory-Efficient Pipeline-Parallel DNN Training", ICML 2021,
// section 3 (PipeDream-Flush); the same order as DAPPLE, Fan et al., PPoPP 2021.
#include <algorithm>

#include "sim/schedule/generators.h"

namespace stagecraft {

Schedule one_f_one_b(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.ops.reserve(2 * static_cast<std::size_t>(shape.ranks) *
                       static_cast<std::size_t>(shape.microbatches));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    const int warmup = std::min(shape.ranks - 1 - rank, shape.microbatches);
    int forward = 0;
    int backward = 0;
    while (forward < warmup) schedule.ops.push_back(make_op(OpKind::Forward, rank, forward++));
    while (forward < shape.microbatches) {
      schedule.ops.push_back(make_op(OpKind::Forward, rank, forward++));
      schedule.ops.push_back(make_op(OpKind::Backward, rank, backward++));
    }
    while (backward < shape.microbatches) schedule.ops.push_back(make_op(OpKind::Backward, rank, backward++));
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
