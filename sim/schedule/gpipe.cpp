// GPipe. Huang et al., "GPipe: Efficient Training of Giant Neural Networks using Pipeline Parallelism",
// NeurIPS 2019, figure 2c.
#include "sim/schedule/generators.h"

namespace stagecraft {

Schedule gpipe(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.ops.reserve(2 * static_cast<std::size_t>(shape.ranks) *
                       static_cast<std::size_t>(shape.microbatches));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    for (int i = 0; i < shape.microbatches; ++i) schedule.ops.push_back(make_op(OpKind::Forward, rank, i));
    for (int i = 0; i < shape.microbatches; ++i) schedule.ops.push_back(make_op(OpKind::Backward, rank, i));
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
