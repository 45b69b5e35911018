// Schedules that cut a micro-batch's sequence. Causal attention needs what earlier segments of the same stage
// left behind, so forwards go in order and backwards in the opposite one.
// TeraPipe: Li et al., "TeraPipe: Token-Level Pipeline Parallelism for Training Large-Scale Language Models",
// ICML 2021. Seq1F1B: Sun et al., "Seq1F1B: Efficient Sequence-Level Pipeline Parallelism for Large Language
// Model Training", arXiv 2406.03488.
#include <algorithm>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// The op of the `unit`-th part of all, segments of micro-batch 0 first.
Op unit_op(const ScheduleShape& shape, OpKind kind, int stage, int unit) {
  Op op = make_op(kind, stage, unit / shape.segments);
  const int segment = unit % shape.segments;
  op.segment = static_cast<std::uint8_t>(kind == OpKind::Forward ? segment : shape.segments - 1 - segment);
  return op;
}

}  // namespace

Schedule terapipe(const ScheduleShape& shape) {
  Schedule schedule;
  const int units = shape.microbatches * shape.segments;
  for (int r = 0; r < shape.ranks; ++r) {
    for (int u = 0; u < units; ++u) schedule.ops.push_back(unit_op(shape, OpKind::Forward, r, u));
    for (int m = shape.microbatches; m-- > 0;)
      for (int k = 0; k < shape.segments; ++k)
        schedule.ops.push_back(unit_op(shape, OpKind::Backward, r, m * shape.segments + k));
    schedule.close_rank();
  }
  return schedule;
}

Schedule seq_one_f_one_b(const ScheduleShape& shape) {
  Schedule schedule;
  const int units = shape.microbatches * shape.segments;
  for (int r = 0; r < shape.ranks; ++r) {
    const int warmup = std::min(shape.ranks - r - 2 + shape.segments, units);
    for (int u = 0; u < warmup; ++u) schedule.ops.push_back(unit_op(shape, OpKind::Forward, r, u));
    for (int u = 0; u < units; ++u) {
      if (warmup + u < units) schedule.ops.push_back(unit_op(shape, OpKind::Forward, r, warmup + u));
      schedule.ops.push_back(unit_op(shape, OpKind::Backward, r, u));
    }
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
