// Memory of pipeline schedules. Activations as in Qi et al., "Zero Bubble Pipeline Parallelism", ICLR 2024,
// section 2.1: F +M_B, I -(M_B - M_W), W -M_W.
#include "sim/pipeline/memory.h"

#include <algorithm>
#include <span>
#include <utility>

namespace stagecraft {

namespace {

/// How an op changes what its rank holds: `taken` when it starts, `given` when it ends.
struct Change {
  std::int64_t taken = 0;
  std::int64_t given = 0;
  int activations_taken = 0;
  int activations_given = 0;
};

Change change_of(OpKind kind, const StageCost& cost) {
  switch (kind) {
    case OpKind::Forward:
      return {.taken = cost.activation_bytes, .activations_taken = 1};
    case OpKind::Backward:
      return {.given = cost.activation_bytes, .activations_given = 1};
    case OpKind::InputGradient:
      return {.given = cost.activation_bytes - cost.weight_gradient_bytes};
    case OpKind::WeightGradient:
      return {.given = cost.weight_gradient_bytes, .activations_given = 1};
    case OpKind::Host:
    case OpKind::Fetch:
      return {.taken = cost.activation_bytes, .activations_taken = 1};
    case OpKind::Evict:
    case OpKind::Return:
      return {.given = cost.activation_bytes, .activations_given = 1};
    default:
      return {};
  }
}

/// Forwards, backwards and their halves recompute or build what is thrown away when they end.
std::int64_t working_bytes(OpKind kind, const StageCost& cost) {
  return info(kind).per_microbatch && info(kind).compute ? cost.working_bytes : 0;
}

std::int64_t static_bytes(const StageCost& cost) {
  return cost.weight_bytes + cost.gradient_bytes + cost.optimizer_bytes;
}

/// What the ops of one kind and stage do, looked up once per op.
struct Row {
  Change change;
  std::int64_t working = 0;
};

/// By segment, then by stage, then by kind.
class Rows {
 public:
  explicit Rows(const PipelineProblem& problem) : stages_(problem.stages.size()) {
    for (std::size_t segment = 0; segment < static_cast<std::size_t>(problem.shape.segments); ++segment)
      for (std::size_t stage = 0; stage < stages_; ++stage)
        for (const OpKindInfo& kind : op_kinds()) {
          const StageCost& cost = problem.cost(stage, segment);
          rows_.push_back({change_of(kind.kind, cost), working_bytes(kind.kind, cost)});
        }
  }
  const Row& of(OpKind kind, std::size_t stage, std::size_t segment = 0) const {
    return rows_[(segment * stages_ + stage) * kOpKinds + static_cast<std::size_t>(kind)];
  }

  /// A fused op does what its halves do, at once.
  Row of(const Op& op) const {
    if (op.kind != OpKind::ForwardBackward) [[likely]]
      return of(op.kind, op.stage, op.segment);
    Row row = of(OpKind::Forward, op.stage);
    const Row& backward = of(OpKind::Backward, op.partner_stage);
    row.change.given = backward.change.given;
    row.change.activations_given = backward.change.activations_given;
    row.working += backward.working;
    return row;
  }

 private:
  std::size_t stages_;
  std::vector<Row> rows_;
};

RankMemory walk(const Rows& rows, std::span<const Op> ops) {
  std::int64_t held = 0;
  std::int64_t activations = 0;
  RankMemory memory;
  Row fused;
  for (const Op& op : ops) {
    const bool plain = op.kind != OpKind::ForwardBackward;
    if (!plain) fused = rows.of(op);
    const Row& row = plain ? rows.of(op.kind, op.stage, op.segment) : fused;
    held += row.change.taken;
    activations += row.change.activations_taken;
    memory.peak_bytes = std::max(memory.peak_bytes, held + row.working);
    memory.peak_activations = std::max(memory.peak_activations, activations);
    held -= row.change.given;
    activations -= row.change.activations_given;
  }
  return memory;
}

/// Static bytes of every rank: a stage that a rank holds in several replicas is there once.
std::vector<std::int64_t> static_bytes_of(const PipelineProblem& problem) {
  const StagePlacement placement = placement_of(problem.schedule, problem.shape);
  const std::size_t stages = problem.stages.size();
  std::vector<std::int64_t> bytes(static_cast<std::size_t>(problem.schedule.ranks()));
  for (std::size_t at = 0; at < placement.rank_of.size(); ++at) {
    const int rank = placement.rank_of[at];
    bool counted = rank < 0;
    for (std::size_t other = at % stages; other < at; other += stages)
      counted |= placement.rank_of[other] == rank;
    if (counted) continue;
    const auto on = static_cast<std::size_t>(rank);
    const int versions = problem.weight_versions.empty() ? 1 : problem.weight_versions[on];
    const StageCost& stage = problem.stages[at % stages];
    bytes[on] += static_bytes(stage) + (versions - 1) * stage.weight_bytes;
  }
  return bytes;
}

}  // namespace

std::vector<RankMemory> memory_of(const PipelineProblem& problem) {
  const Rows rows(problem);
  const std::vector<std::int64_t> statics = static_bytes_of(problem);
  std::vector<RankMemory> result;
  for (int rank = 0; rank < problem.schedule.ranks(); ++rank) {
    RankMemory memory = walk(rows, problem.schedule.rank(rank));
    memory.static_bytes = statics[static_cast<std::size_t>(rank)];
    memory.peak_bytes += memory.static_bytes;
    result.push_back(memory);
  }
  return result;
}

std::vector<Counter> memory_counters(const PipelineProblem& problem, const std::vector<RankMemory>& memory,
                                     const Timeline& timeline) {
  const Rows rows(problem);
  std::vector<Counter> counters;
  for (int rank = 0; rank < timeline.ranks(); ++rank) {
    Counter counter{
        .name = "memory", .unit = "bytes", .rank = static_cast<std::uint32_t>(rank), .samples = {}};
    std::int64_t held = memory[static_cast<std::size_t>(rank)].static_bytes;
    const auto sample = [&](TimePoint time, std::int64_t value) {
      if (!counter.samples.empty() && counter.samples.back().time == time)
        counter.samples.back().value = value;
      else
        counter.samples.push_back({time, value});
    };
    sample(TimePoint{0}, held);
    for (std::size_t i = timeline.begin[static_cast<std::size_t>(rank)];
         i < timeline.begin[static_cast<std::size_t>(rank) + 1]; ++i) {
      const Row row = rows.of(timeline.ops[i]);
      held += row.change.taken;
      sample(timeline.start[i], held + row.working);
      held -= row.change.given;
      sample(timeline.end[i], held);
    }
    counters.push_back(std::move(counter));
  }
  return counters;
}

}  // namespace stagecraft
