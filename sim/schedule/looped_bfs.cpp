// Breadth-first pipeline. Lamy-Poirier, "Breadth-First Pipeline Parallelism", MLSys 2023, section 4.
#include "sim/schedule/generators.h"

namespace stagecraft {

Schedule looped_bfs(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.ops.reserve(2 * static_cast<std::size_t>(shape.stages()) *
                       static_cast<std::size_t>(shape.microbatches));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    for (int chunk = 0; chunk < shape.chunks; ++chunk)
      for (int i = 0; i < shape.microbatches; ++i)
        schedule.ops.push_back(make_op(OpKind::Forward, chunk * shape.ranks + rank, i));
    for (int chunk = shape.chunks - 1; chunk >= 0; --chunk)
      for (int i = shape.microbatches - 1; i >= 0; --i)
        schedule.ops.push_back(make_op(OpKind::Backward, chunk * shape.ranks + rank, i));
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
