#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

int wave_stage(const ScheduleShape& shape, int rank, int chunk) {
  return chunk * shape.ranks + (chunk % 2 == 0 ? rank : shape.ranks - 1 - rank);
}

}  // namespace

Schedule one_by_one(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.ops.reserve(3 * static_cast<std::size_t>(shape.stages()) *
                       static_cast<std::size_t>(shape.microbatches));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    for (int j = 0; j < shape.microbatches; ++j) {
      for (int chunk = 0; chunk < shape.chunks; ++chunk)
        schedule.ops.push_back(make_op(OpKind::Forward, wave_stage(shape, rank, chunk), j));
      for (int chunk = shape.chunks; chunk-- > 0;) {
        schedule.ops.push_back(make_op(OpKind::InputGradient, wave_stage(shape, rank, chunk), j));
        schedule.ops.push_back(make_op(OpKind::WeightGradient, wave_stage(shape, rank, chunk), j));
      }
    }
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
