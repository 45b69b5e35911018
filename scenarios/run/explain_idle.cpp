#include "scenarios/run/explain_idle.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/quantity.h"
#include "base/text.h"
#include "sim/pipeline/lower.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMostRemedies = 6;  // shown in all
constexpr double kLeastGain = 0.002;      // of the step: less is no remedy

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
  for (std::vector<StageCost>& stages : problem.segment_stages)
    for (StageCost& stage : stages) stage.eviction = Duration{0};
}

/// Every stage takes the mean of all, fused ops included.
void equal_stages(std::vector<StageCost>& stages) {
  for (Duration StageCost::*time : {&StageCost::forward, &StageCost::backward, &StageCost::input_gradient,
                                    &StageCost::weight_gradient, &StageCost::overlap_saving}) {
    Duration sum{0};
    for (const StageCost& stage : stages) sum += stage.*time;
    for (StageCost& stage : stages) stage.*time = sum / static_cast<std::int64_t>(stages.size());
  }
}

void equal_all_stages(PipelineProblem& problem) {
  equal_stages(problem.stages);
  for (std::vector<StageCost>& stages : problem.segment_stages) equal_stages(stages);
}

/// A schedule to try, with its chunks: those of the scenario are its own schedule's.
struct Candidate {
  std::string_view name;
  std::string_view schedule;
  int chunks = 1;
  int group = 0;  ///< 0: its default

  std::vector<std::string> overrides() const {
    std::vector<std::string> all{fmt::format("pipeline.schedule={}", schedule),
                                 fmt::format("pipeline.chunks={}", chunks)};
    return all;
  }
};
constexpr Candidate kHidesHops{"kfkb group=2", "kfkb", 1, 2};
constexpr Candidate kShortensTheFill[] = {{"interleaved-1f1b v=2", "interleaved-1f1b", 2},
                                          {"interleaved-1f1b v=4", "interleaved-1f1b", 4},
                                          {"zb-h1", "zb-h1"},
                                          {"zb-h2", "zb-h2"},
                                          {"zb-v", "zb-v", 2}};

/// By the causes that they are made for.
std::vector<Candidate> candidates(const std::array<double, kBubbleCauses>& idle) {
  const auto there = [&](BubbleCause cause) { return idle[static_cast<std::size_t>(cause)] > 0; };
  std::vector<Candidate> result;
  if (there(BubbleCause::Link) || there(BubbleCause::Dependency)) result.push_back(kHidesHops);
  if (there(BubbleCause::WarmUp) || there(BubbleCause::Drain) || there(BubbleCause::Dependency))
    result.insert(result.end(), std::begin(kShortensTheFill), std::end(kShortensTheFill));
  return result;
}

/// The scenario with other settings.
class Variations {
 public:
  Variations(const std::string& path, const std::vector<std::string>& overrides)
      : path_(path), overrides_(overrides) {}

  RunResult run_with(const std::string& assignment) const { return run(read_with({assignment})); }
  /// What the scenario's own schedule was given is not the candidate's.
  RunResult run_with(const Candidate& candidate) const {
    ReadScenario read = read_with(candidate.overrides());
    PipelineSpec& pipeline = read.scenario.pipeline;
    pipeline.group = candidate.group > 0 ? std::optional(candidate.group) : std::nullopt;
    pipeline.segments.reset();
    pipeline.layout.reset();
    pipeline.activation_limit.reset();
    if (!pipeline.chooses_recompute()) pipeline.memory_limit.reset();
    return run(read);
  }

 private:
  ReadScenario read_with(const std::vector<std::string>& more) const {
    std::vector<std::string> all = overrides_;
    all.insert(all.end(), more.begin(), more.end());
    return read_scenario(path_, all);
  }

  const std::string& path_;
  const std::vector<std::string>& overrides_;
};

/// Per micro-batch, so that steps of other lengths compare.
void try_twice_the_microbatches(const Variations& scenario, const RunResult& run,
                                std::vector<Remedy>& remedies) {
  const bool model = run.built.training.has_value();
  const std::string twice =
      model ? fmt::format("batch.global={}", 2 * run.built.training->global_batch)
            : fmt::format("pipeline.microbatches={}", 2 * run.built.problem.shape.microbatches);
  try {
    remedies.push_back({.what = "twice the micro-batches, per micro-batch",
                        .makespan = scenario.run_with(twice).metrics.makespan / 2});
  } catch (const InputError&) {
    return;  // a schedule from a file has its micro-batches
  }
}

double memory_ratio(const RunResult& other, const RunResult& run) {
  if (run.metrics.peak_memory_bytes > 0)
    return static_cast<double>(other.metrics.peak_memory_bytes) /
           static_cast<double>(run.metrics.peak_memory_bytes);
  const double own = peak_microbatches(run.metrics, run.built.problem.shape);
  return own > 0 ? peak_microbatches(other.metrics, other.built.problem.shape) / own : 1;
}

void try_schedule(const Variations& scenario, const RunResult& run, const Candidate& candidate,
                  IdleExplanation& result) {
  const ScheduleShape& shape = run.built.problem.shape;
  if (candidate.schedule == run.built.schedule_name && candidate.chunks == shape.chunks &&
      candidate.group == shape.group)
    return;
  try {
    const RunResult other = scenario.run_with(candidate);
    result.remedies.push_back({.what = std::string(candidate.name),
                               .makespan = other.metrics.makespan,
                               .memory = memory_ratio(other, run),
                               .schedule = true});
  } catch (const InputError& error) {
    result.not_tried.push_back({std::string(candidate.name), error.message()});
  }
}

double share(Duration part, Duration whole) {
  return whole > Duration{0} ? to_seconds(part) / to_seconds(whole) : 0;
}

std::string remedy_line(const Remedy& remedy, Duration makespan) {
  std::string text = fmt::format("    {:<42}{:.1f} % less time", remedy.what,
                                 100 * share(makespan - remedy.makespan, makespan));
  if (remedy.schedule) text += fmt::format(", {:.2g}x the peak memory", remedy.memory);
  return text + "\n";
}

}  // namespace

IdleExplanation explain_idle(const std::string& path, const std::vector<std::string>& overrides,
                             const RunResult& run) {
  const Variations scenario(path, overrides);
  IdleExplanation result;
  result.waits = waits_of(run.timeline);
  const auto idle = idle_seconds(run.metrics);
  result.remedies.push_back({.what = "transfers in no time", .makespan = with_costs(run, free_transfers)});
  result.remedies.push_back({.what = "stages of equal cost", .makespan = with_costs(run, equal_all_stages)});
  try_twice_the_microbatches(scenario, run, result.remedies);
  for (const Candidate& candidate : candidates(idle)) try_schedule(scenario, run, candidate, result);
  std::erase_if(result.remedies, [&](const Remedy& remedy) {
    return share(run.metrics.makespan - remedy.makespan, run.metrics.makespan) < kLeastGain;
  });
  std::ranges::stable_sort(result.remedies, {}, &Remedy::makespan);
  result.remedies.resize(std::min(result.remedies.size(), kMostRemedies));
  return result;
}

std::string idle_report(const RunResult& run, const IdleExplanation& explanation) {
  std::size_t width = 38;
  for (const Waits& wait : explanation.waits) width = std::max(width, in_words(wait).size());
  std::string text = "  Idle time, rank by rank: what is waited for\n";
  for (const Waits& wait : explanation.waits) {
    const RankMetrics& rank = run.metrics.ranks[static_cast<std::size_t>(wait.rank)];
    text += fmt::format("    rank {:<4}{:<{}}  {:<12}{:.0f} % of its idle time\n", wait.rank, in_words(wait),
                        width, to_text(wait.time), 100 * share(wait.time, rank.idle));
  }
  text += explanation.remedies.empty() ? "  Nothing that was tried takes less time\n" : "  What would help\n";
  for (const Remedy& remedy : explanation.remedies) text += remedy_line(remedy, run.metrics.makespan);
  for (const NotTried& one : explanation.not_tried)
    text += fmt::format("  Not tried: {}: {}\n", one.what, printable(one.reason));
  return text;
}

void write_idle(JsonWriter& json, const IdleExplanation& explanation) {
  json.key("waits").begin_array();
  for (const Waits& wait : explanation.waits) {
    json.begin_object();
    json.member("rank", static_cast<std::int64_t>(wait.rank));
    json.member("cause", info(wait.cause).key);
    json.member("waits_for", wait.waits_for);
    json.key("time_s").seconds(wait.time);
    json.end_object();
  }
  json.end_array();
  json.key("remedies").begin_array();
  for (const Remedy& remedy : explanation.remedies) {
    json.begin_object();
    json.member("remedy", remedy.what);
    json.key("makespan_s").seconds(remedy.makespan);
    if (remedy.schedule) json.member("memory_ratio", remedy.memory);
    json.end_object();
  }
  json.end_array();
  json.key("not_tried").begin_array();
  for (const NotTried& one : explanation.not_tried) {
    json.begin_object();
    json.member("remedy", one.what);
    json.member("left_out", one.reason);
    json.end_object();
  }
  json.end_array();
}

}  // namespace stagecraft
