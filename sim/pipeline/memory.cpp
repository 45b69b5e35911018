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

Change change_of(const Op& op, const StageCost& cost) {
  switch (op.kind) {
    case OpKind::Forward:
      return {.taken = cost.activation_bytes, .activations_taken = 1};
    case OpKind::Backward:
      return {.given = cost.activation_bytes, .activations_given = 1};
    case OpKind::InputGradient:
      return {.given = cost.activation_bytes - cost.weight_gradient_bytes};
    case OpKind::WeightGradient:
      return {.given = cost.weight_gradient_bytes, .activations_given = 1};
    default:
      return {};
  }
}

/// Forwards, backwards and their halves recompute or build what is thrown away when they end.
std::int64_t working_bytes(const Op& op, const StageCost& cost) {
  return info(op.kind).per_microbatch && info(op.kind).compute ? cost.working_bytes : 0;
}

std::int64_t static_bytes(const StageCost& cost) {
  return cost.weight_bytes + cost.gradient_bytes + cost.optimizer_bytes;
}

/// What the ops of one kind and stage do, looked up once per op.
struct Row {
  Change change;
  std::int64_t working = 0;
  bool used = false;  ///< by the rank at hand
};

std::vector<Row> rows_of(const std::vector<StageCost>& stages) {
  std::vector<Row> rows;
  for (std::uint32_t stage = 0; stage < stages.size(); ++stage)
    for (const OpKindInfo& kind : op_kinds()) {
      const Op op = make_op(kind.kind, static_cast<int>(stage));
      rows.push_back({.change = change_of(op, stages[stage]), .working = working_bytes(op, stages[stage])});
    }
  return rows;
}

/// Walks the ranks one by one; a rank's cost is its ops and its stages, not the pipeline's.
class MemoryWalk {
 public:
  explicit MemoryWalk(const std::vector<StageCost>& stages)
      : stages_(stages), rows_(rows_of(stages)), counted_(stages.size(), false) {}

  RankMemory run(std::span<const Op> ops) {
    std::int64_t held = 0;
    std::int64_t peak = 0;
    std::int64_t activations = 0;
    std::int64_t most = 0;
    for (const Op& op : ops) {
      Row& row = rows_[op.stage * std::size_t{kOpKinds} + static_cast<std::size_t>(op.kind)];
      if (!row.used) [[unlikely]]
        use(row, op.stage);
      held += row.change.taken;
      activations += row.change.activations_taken;
      peak = std::max(peak, held + row.working);
      most = std::max(most, activations);
      held -= row.change.given;
      activations -= row.change.activations_given;
    }
    const std::int64_t bytes = take_static_bytes();
    return {.static_bytes = bytes, .peak_bytes = bytes + peak, .peak_activations = most};
  }

 private:
  void use(Row& row, std::uint32_t stage) {
    row.used = true;
    used_.push_back({&row, stage});
  }

  /// Of the stages that have an op on the rank; forgets them.
  std::int64_t take_static_bytes() {
    std::int64_t bytes = 0;
    for (const auto& [row, stage] : used_)
      if (!counted_[stage]) {
        counted_[stage] = true;
        bytes += static_bytes(stages_[stage]);
      }
    for (const auto& [row, stage] : used_) {
      row->used = false;
      counted_[stage] = false;
    }
    used_.clear();
    return bytes;
  }

  const std::vector<StageCost>& stages_;
  std::vector<Row> rows_;  // by stage, then by kind
  std::vector<std::pair<Row*, std::uint32_t>> used_;
  std::vector<bool> counted_;  // by stage
};

}  // namespace

std::vector<RankMemory> memory_of(const PipelineProblem& problem) {
  MemoryWalk walk(problem.stages);
  std::vector<RankMemory> result;
  for (int rank = 0; rank < problem.schedule.ranks(); ++rank)
    result.push_back(walk.run(problem.schedule.rank(rank)));
  return result;
}

std::vector<Counter> memory_counters(const std::vector<StageCost>& stages,
                                     const std::vector<RankMemory>& memory, const Timeline& timeline) {
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
      const Op& op = timeline.ops[i];
      const StageCost& cost = stages[op.stage];
      const Change change = change_of(op, cost);
      held += change.taken;
      sample(timeline.start[i], held + working_bytes(op, cost));
      held -= change.given;
      sample(timeline.end[i], held);
    }
    counters.push_back(std::move(counter));
  }
  return counters;
}

}  // namespace stagecraft
