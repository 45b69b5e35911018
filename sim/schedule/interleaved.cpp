// Interleaved 1F1B. Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using
// Megatron-LM", SC 2021, section 2.2. Lamy-Poirier, "Breadth-First Pipeline Parallelism", MLSys 2023, calls
// the same order depth-first. Its zero-bubble form: Qi et al., "Zero Bubble Pipeline Parallelism", ICLR 2024,
// in the version that PyTorch's ScheduleInterleavedZeroBubble generates.
#include <algorithm>
#include <vector>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// One step of a rank's walk: which chunk, which micro-batch.
struct Visit {
  int chunk;
  int microbatch;
};

/// How many micro-batches group `index` has. Groups of a size that was asked for are of that size, the last
/// one of what remains, as in Megatron-LM; otherwise there are as many as hold p or more each, as equal as
/// can be.
int group_of(const ScheduleShape& shape, int index) {
  const int m = shape.microbatches;
  if (shape.group > 0) return std::min(shape.group, m - index * shape.group);
  const int groups = std::max(1, m / shape.ranks);
  return m / groups + (index < m % groups ? 1 : 0);
}

/// The order of a rank's forwards: group by group, within a group chunk by chunk, within a chunk the
/// group's micro-batches. Backwards visit the chunks of a group in the opposite order.
std::vector<Visit> walk(const ScheduleShape& shape) {
  std::vector<Visit> visits;
  visits.reserve(static_cast<std::size_t>(shape.microbatches) * static_cast<std::size_t>(shape.chunks));
  int first = 0;
  for (int group = 0; first < shape.microbatches; ++group) {
    const int size = group_of(shape, group);
    for (int chunk = 0; chunk < shape.chunks; ++chunk)
      for (int i = first; i < first + size; ++i) visits.push_back({chunk, i});
    first += size;
  }
  return visits;
}

/// Forwards of the first group through all chunks but the last, and `more`; at most all.
int warmup(const ScheduleShape& shape, int more) {
  return std::min(more + (shape.chunks - 1) * group_of(shape, 0), shape.microbatches * shape.chunks);
}

}  // namespace

int interleaved_warmup(const ScheduleShape& shape, int rank) {
  return warmup(shape, 2 * (shape.ranks - 1 - rank));
}

int interleaved_zero_bubble_warmup(const ScheduleShape& shape, int rank) {
  return warmup(shape, shape.ranks - 1 - rank);
}

Schedule interleaved_zero_bubble(const ScheduleShape& shape) {
  const std::vector<Visit> visits = walk(shape);
  const std::size_t total = visits.size();
  Schedule schedule;
  schedule.ops.reserve(3 * total * static_cast<std::size_t>(shape.ranks));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    std::size_t forward = 0, input = 0, weight = 0;
    const auto push = [&](OpKind kind, std::size_t& next) {
      const Visit& visit = visits[next++];
      const int chunk = kind == OpKind::Forward ? visit.chunk : shape.chunks - 1 - visit.chunk;
      schedule.ops.push_back(make_op(kind, chunk * shape.ranks + rank, visit.microbatch));
    };
    const auto warm = static_cast<std::size_t>(interleaved_zero_bubble_warmup(shape, rank));
    while (forward < warm) push(OpKind::Forward, forward);
    while (input < total) {
      if (forward < total) push(OpKind::Forward, forward);
      push(OpKind::InputGradient, input);
      // As many input gradients wait for their weight gradient as there are ranks upstream.
      if (input > static_cast<std::size_t>(rank)) push(OpKind::WeightGradient, weight);
    }
    while (weight < total) push(OpKind::WeightGradient, weight);
    schedule.close_rank();
  }
  return schedule;
}

Schedule interleaved_one_f_one_b(const ScheduleShape& shape) {
  const std::vector<Visit> visits = walk(shape);
  const auto total = visits.size();
  Schedule schedule;
  schedule.ops.reserve(2 * total * static_cast<std::size_t>(shape.ranks));
  for (int rank = 0; rank < shape.ranks; ++rank) {
    std::size_t forward = 0;
    std::size_t backward = 0;
    const auto push_forward = [&] {
      const Visit& visit = visits[forward++];
      schedule.ops.push_back(make_op(OpKind::Forward, visit.chunk * shape.ranks + rank, visit.microbatch));
    };
    const auto push_backward = [&] {
      const Visit& visit = visits[backward++];
      const int chunk = shape.chunks - 1 - visit.chunk;
      schedule.ops.push_back(make_op(OpKind::Backward, chunk * shape.ranks + rank, visit.microbatch));
    };
    const auto warmup = static_cast<std::size_t>(interleaved_warmup(shape, rank));
    while (forward < warmup) push_forward();
    while (forward < total) {
      push_forward();
      push_backward();
    }
    while (backward < total) push_backward();
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
