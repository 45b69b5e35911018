// Memory of pipeline schedules. Activations as in Qi et al., "Zero Bubble Pipeline Parallelism", ICLR 2024,
// section 2.1: F +M_B, I -(M_B - M_W), W -M_W.
#include "sim/pipeline/memory.h"

#include <algorithm>

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

/// Static bytes per rank: the sum over the stages that have an op there. Works on a Schedule and a Timeline.
template <class Ranks>
std::vector<std::int64_t> static_bytes_of(const std::vector<StageCost>& stages, const Ranks& ranks) {
  std::vector<std::int64_t> bytes(ranks.begin.size() - 1);
  std::vector<bool> counted(stages.size());
  for (std::size_t rank = 0; rank < bytes.size(); ++rank) {
    for (std::size_t i = ranks.begin[rank]; i < ranks.begin[rank + 1]; ++i) {
      const std::size_t stage = ranks.ops[i].stage;
      if (counted[stage]) continue;
      counted[stage] = true;
      bytes[rank] += static_bytes(stages[stage]);
    }
  }
  return bytes;
}

}  // namespace

std::vector<RankMemory> memory_of(const PipelineProblem& problem) {
  const std::vector<std::int64_t> statics = static_bytes_of(problem.stages, problem.schedule);
  std::vector<RankMemory> result;
  for (int rank = 0; rank < problem.schedule.ranks(); ++rank) {
    RankMemory memory{.static_bytes = statics[static_cast<std::size_t>(rank)]};
    std::int64_t held = memory.static_bytes;
    std::int64_t activations = 0;
    memory.peak_bytes = held;
    for (const Op& op : problem.schedule.rank(rank)) {
      const StageCost& cost = problem.stages[op.stage];
      const Change change = change_of(op, cost);
      held += change.taken;
      activations += change.activations_taken;
      memory.peak_bytes = std::max(memory.peak_bytes, held + working_bytes(op, cost));
      memory.peak_activations = std::max(memory.peak_activations, activations);
      held -= change.given;
      activations -= change.activations_given;
    }
    result.push_back(memory);
  }
  return result;
}

std::vector<Counter> memory_counters(const std::vector<StageCost>& stages, const Timeline& timeline) {
  const std::vector<std::int64_t> statics = static_bytes_of(stages, timeline);
  std::vector<Counter> counters;
  for (int rank = 0; rank < timeline.ranks(); ++rank) {
    Counter counter{
        .name = "memory", .unit = "bytes", .rank = static_cast<std::uint32_t>(rank), .samples = {}};
    std::int64_t held = statics[static_cast<std::size_t>(rank)];
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
