#include "scenarios/run/explain_idle.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/quantity.h"
#include "base/text.h"
#include "sim/pipeline/lower.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMostWaits = 3;     // shown of a rank
constexpr std::size_t kMostRemedies = 6;  // shown in all
constexpr double kLeastGain = 0.002;      // of the step: less is no remedy

// ---- what ranks wait for

using WaitKey = std::tuple<BubbleCause, int, OpKind>;  // stage and kind of the op; stage -1: of none

std::string name_of(const Op& first, int count) {
  const std::string op = fmt::format("{}{}", first.stage, info(first.kind).letter);
  if (first.kind == OpKind::ForwardBackward) return fmt::format("{} micro-batches of fused ops", count);
  if (count == 1) return fmt::format("{} of micro-batch {}", op, first.microbatch);
  return fmt::format("{} of {} micro-batches", op, count);
}

std::vector<Waits> waits_of(const Timeline& timeline, std::uint32_t rank) {
  struct Sum {
    Duration time{0};
    Op first{};
    int count = 0;
  };
  std::map<WaitKey, Sum> sums;
  for (const Bubble& bubble : timeline.bubbles) {
    if (bubble.rank != rank) continue;
    const bool known = bubble.waits_for != kNoOp;
    const Op op = known ? timeline.ops[bubble.waits_for] : Op{};
    Sum& sum = sums[{bubble.cause, known ? op.stage : -1, op.kind}];
    if (sum.count == 0) sum.first = op;
    sum.time += bubble.end - bubble.start;
    ++sum.count;
  }
  std::vector<Waits> waits;
  for (const auto& [key, sum] : sums)
    waits.push_back({.rank = static_cast<int>(rank),
                     .cause = std::get<0>(key),
                     .waits_for = std::get<1>(key) < 0 ? "" : name_of(sum.first, sum.count),
                     .time = sum.time});
  std::ranges::stable_sort(waits, std::greater<>(), &Waits::time);
  waits.resize(std::min(waits.size(), kMostWaits));
  return waits;
}

// ---- what would help

/// The idle time of all ranks, by cause.
IdleByCause idle_of(const RunResult& run) {
  IdleByCause sum{};
  for (const RankMetrics& rank : run.metrics.ranks)
    for (std::size_t cause = 0; cause < sum.size(); ++cause) sum[cause] += rank.idle_by_cause[cause];
  return sum;
}

/// How long the scenario's own schedule takes when `change` has been at its costs.
template <class Change>
Duration with_costs(const RunResult& run, Change change) {
  PipelineProblem problem = run.built.problem;
  problem.schedule = {run.timeline.ops, run.timeline.begin};
  change(problem);
  const auto graph = std::get<TaskGraph>(lower(problem));
  return std::get<Timeline>(simulate(problem, graph)).makespan;
}

void free_transfers(PipelineProblem& problem) {
  const auto free = [](std::vector<StageEdge>& edges) {
    for (StageEdge& edge : edges) edge.forward_hop = edge.backward_hop = Duration{0};
  };
  free(problem.edges);
  for (std::vector<StageEdge>& edges : problem.variant_edges) free(edges);
  for (StageCost& stage : problem.stages) stage.eviction = Duration{0};
}

void equal_stages(std::vector<StageCost>& stages) {
  for (Duration StageCost::*time :
       {&StageCost::forward, &StageCost::backward, &StageCost::input_gradient, &StageCost::weight_gradient}) {
    Duration sum{0};
    for (const StageCost& stage : stages) sum += stage.*time;
    for (StageCost& stage : stages) stage.*time = sum / static_cast<std::int64_t>(stages.size());
  }
}

void equal_all_stages(PipelineProblem& problem) {
  equal_stages(problem.stages);
  for (std::vector<StageCost>& stages : problem.segment_stages) equal_stages(stages);
}

/// Settings to try, by the cause that they are made for.
struct Candidate {
  std::string_view name;
  std::vector<std::string> overrides;
};
std::vector<Candidate> candidates(const IdleByCause& idle) {
  const auto there = [&](BubbleCause cause) { return idle[static_cast<std::size_t>(cause)] > Duration{0}; };
  std::vector<Candidate> result;
  if (there(BubbleCause::Link) || there(BubbleCause::Dependency))
    result.push_back({"kfkb group=2", {"pipeline.schedule=kfkb", "pipeline.group=2"}});
  if (!there(BubbleCause::WarmUp) && !there(BubbleCause::Drain) && !there(BubbleCause::Dependency)) return result;
  for (const char* chunks : {"2", "4"})
    result.push_back({chunks[0] == '2' ? "interleaved-1f1b v=2" : "interleaved-1f1b v=4",
                      {"pipeline.schedule=interleaved-1f1b", fmt::format("pipeline.chunks={}", chunks)}});
  result.push_back({"zb-h1", {"pipeline.schedule=zb-h1"}});
  result.push_back({"zb-h2", {"pipeline.schedule=zb-h2"}});
  result.push_back({"zb-v", {"pipeline.schedule=zb-v", "pipeline.chunks=2"}});
  return result;
}

/// The scenario with other settings.
struct Variations {
  const std::string& path;
  const std::vector<std::string>& overrides;

  RunResult run_with(const std::vector<std::string>& more) const {
    std::vector<std::string> all = overrides;
    all.insert(all.end(), more.begin(), more.end());
    return run(read_scenario(path, all));
  }
};

/// Per micro-batch, so that steps of other lengths compare.
void try_twice_the_microbatches(const Variations& scenario, const RunResult& run,
                                std::vector<Remedy>& remedies) {
  const bool model = run.built.training.has_value();
  const std::string twice =
      model ? fmt::format("batch.global={}", 2 * run.built.training->global_batch)
            : fmt::format("pipeline.microbatches={}", 2 * run.built.problem.shape.microbatches);
  try {
    const RunResult doubled = scenario.run_with({twice});
    remedies.push_back({.what = "twice the micro-batches, per micro-batch",
                        .makespan = doubled.metrics.makespan / 2,
                        .memory = static_cast<double>(doubled.metrics.peak_memory_bytes) /
                                  static_cast<double>(std::max<std::int64_t>(1, run.metrics.peak_memory_bytes))});
  } catch (const InputError&) {
    return;  // a schedule from a file has its micro-batches
  }
}

double memory_ratio(const RunResult& other, const RunResult& run) {
  const auto ratio = [](auto a, auto b) { return static_cast<double>(a) / static_cast<double>(b); };
  if (run.metrics.peak_memory_bytes > 0) return ratio(other.metrics.peak_memory_bytes, run.metrics.peak_memory_bytes);
  if (run.metrics.peak_activations == 0) return 1;
  return ratio(other.metrics.peak_activations * run.built.problem.shape.chunks,
               run.metrics.peak_activations * other.built.problem.shape.chunks);
}

void try_schedule(const Variations& scenario, const RunResult& run, const Candidate& candidate,
                  std::vector<Remedy>& remedies) {
  try {
    const RunResult other = scenario.run_with(candidate.overrides);
    remedies.push_back({.what = std::string(candidate.name),
                        .makespan = other.metrics.makespan,
                        .memory = memory_ratio(other, run),
                        .schedule = true});
  } catch (const InputError&) {
    return;  // does not suit the shape, or the scenario lacks costs that it needs
  }
}

double share(Duration part, Duration whole) {
  return whole > Duration{0} ? to_seconds(part) / to_seconds(whole) : 0;
}

std::string remedy_line(const Remedy& remedy, Duration makespan) {
  std::string text = fmt::format("    {:<42}{:.1f} % less time", remedy.what, 100 * share(makespan - remedy.makespan, makespan));
  if (remedy.schedule) text += fmt::format(", {:.2g}x the peak memory", remedy.memory);
  return text + "\n";
}

}  // namespace

IdleExplanation explain_idle(const std::string& path, const std::vector<std::string>& overrides,
                             const RunResult& run) {
  const Variations scenario{path, overrides};
  IdleExplanation result;
  for (int rank = 0; rank < run.timeline.ranks(); ++rank) {
    const std::vector<Waits> waits = waits_of(run.timeline, static_cast<std::uint32_t>(rank));
    result.waits.insert(result.waits.end(), waits.begin(), waits.end());
  }
  const IdleByCause idle = idle_of(run);
  result.remedies.push_back({.what = "transfers in no time", .makespan = with_costs(run, free_transfers)});
  result.remedies.push_back({.what = "stages of equal cost", .makespan = with_costs(run, equal_all_stages)});
  try_twice_the_microbatches(scenario, run, result.remedies);
  for (const Candidate& candidate : candidates(idle)) try_schedule(scenario, run, candidate, result.remedies);
  std::erase_if(result.remedies, [&](const Remedy& remedy) {
    return share(run.metrics.makespan - remedy.makespan, run.metrics.makespan) < kLeastGain;
  });
  std::ranges::stable_sort(result.remedies, {}, &Remedy::makespan);
  result.remedies.resize(std::min(result.remedies.size(), kMostRemedies));
  return result;
}

std::string idle_report(const RunResult& run, const IdleExplanation& explanation) {
  std::string text = "  Idle time, rank by rank: what is waited for\n";
  for (const Waits& wait : explanation.waits) {
    const RankMetrics& rank = run.metrics.ranks[static_cast<std::size_t>(wait.rank)];
    std::string what(info(wait.cause).name);
    if (!wait.waits_for.empty()) what += ": " + wait.waits_for + (wait.cause == BubbleCause::Link ? " on the way" : "");
    text += fmt::format("    rank {:<4}{:<40}{:<12}{:.0f} % of its idle time\n", wait.rank, what, to_text(wait.time),
                        100 * share(wait.time, rank.idle));
  }
  text += explanation.remedies.empty() ? "  Nothing that was tried takes less time\n" : "  What would help\n";
  for (const Remedy& remedy : explanation.remedies) text += remedy_line(remedy, run.metrics.makespan);
  return text;
}

}  // namespace stagecraft
