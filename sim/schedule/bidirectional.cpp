// Two copies of a model in opposite directions over the same ranks.
// Chimera: Li and Hoefler, "Chimera: Efficiently Training Large-Scale Neural Networks with Bidirectional
// Pipelines", SC 2021, sections 3.1 and 3.5. GEMS: Jain et al., "GEMS: GPU-Enabled Memory-Aware
// Model-Parallelism System for Distributed DNN Training", SC 2020.
#include <algorithm>

#include "sim/schedule/generators.h"
#include "sim/schedule/list_schedule.h"

namespace stagecraft {

namespace {

/// The first half of the micro-batches, or one more, enters at rank 0, the rest at the last rank.
int down(const ScheduleShape& shape) {
  return (shape.microbatches + 1) / 2;
}

}  // namespace

Schedule chimera(const ScheduleShape& shape) {
  const int p = shape.ranks, half = std::max(1, p / 2);
  ListRules rules;
  for (int s = 0; s < p; ++s) rules.rank_of.push_back(s);
  for (int s = 0; s < p; ++s) rules.rank_of.push_back(p - 1 - s);
  for (int m = 0; m < shape.microbatches; ++m) {
    const int direction = m < down(shape) ? 0 : 1;
    const int index = m - direction * down(shape);
    rules.replica_of.push_back(static_cast<std::uint8_t>(direction));
    rules.group.push_back(static_cast<std::uint32_t>(index / half));
    rules.turn.push_back(static_cast<std::uint32_t>(2 * index + direction));
  }
  // What 1F1B of half as many micro-batches holds at the rank's stage of each direction.
  for (int r = 0; r < p; ++r)
    for (const int stage : {r, p - 1 - r}) rules.most_held.push_back(std::min(half, p - stage));
  return list_schedule(shape, rules);
}

Schedule gems(const ScheduleShape& shape) {
  Schedule schedule;
  for (int r = 0; r < shape.ranks; ++r) {
    for (int turn = 0; turn < shape.microbatches; ++turn) {
      const int direction = turn % 2;
      Op op = make_op(OpKind::Forward, direction == 0 ? r : shape.ranks - 1 - r,
                      turn / 2 + direction * down(shape));
      op.replica = static_cast<std::uint8_t>(direction);
      schedule.ops.push_back(op);
      op.kind = OpKind::Backward;
      schedule.ops.push_back(op);
    }
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
