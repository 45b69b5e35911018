#include "scenarios/run/compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <tuple>

#include "sim/schedule/registry.h"

namespace stagecraft {

namespace {

/// What a whole comparison has in common.
struct Setting {
  const std::string& path;
  const std::vector<std::string>& overrides;
  std::int64_t samples;
  std::uint64_t seed;
  std::optional<Bytes> within;
};

ReadScenario scenario_of(const Setting& setting, const Alternative& alternative) {
  std::vector<std::string> overrides = setting.overrides;
  overrides.insert(overrides.end(), alternative.overrides.begin(), alternative.overrides.end());
  ReadScenario read = read_scenario(setting.path, overrides);
  PipelineSpec& pipeline = read.scenario.pipeline;
  const ScheduleEntry* entry = find_schedule(pipeline.schedule);
  const bool planned = entry && entry->planned && entry->planned_rounds == 0;
  if (!setting.within || pipeline.activation_limit || (!planned && !pipeline.chooses_recompute()))
    return read;
  if (!pipeline.memory_limit || *pipeline.memory_limit > *setting.within)
    pipeline.memory_limit = setting.within;
  return read;
}

/// Fills in what of the run the comparison needs.
void keep(RunResult&& run, std::string& scenario, Compared& result) {
  result.metrics = std::move(run.metrics);
  result.uncertainty = std::move(run.uncertainty);
  result.shape = run.built.problem.shape;
  result.notes = std::move(run.built.notes);
  scenario = std::move(run.built.name);
  if (run.built.training) {
    const Training& training = *run.built.training;
    result.memory = training.cluster.device.memory;
    result.devices = training.strategy.devices();
    result.samples = training.global_batch;
    result.model = training.model;
  } else {
    result.devices = result.shape.ranks;
    result.samples = result.shape.microbatches;
  }
}

/// An error of a scenario whose limit scenario_of() wrote: whoever reads it gave an option.
InputError in_options(const InputError& error) {
  std::string text = error.message();
  constexpr std::string_view kKey = "'pipeline.memory_limit'";
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return error;
  return {error.place(), text.replace(at, kKey.size(), "'--within'"), error.hints()};
}

Compared simulate_one(const Setting& setting, const Alternative& alternative, std::string& scenario) {
  Compared result{.name = alternative.name};
  const ReadScenario read = scenario_of(setting, alternative);
  try {
    keep(run(read, {.samples = setting.samples, .seed = setting.seed}), scenario, result);
  } catch (const InputError& error) {
    const bool by_option = setting.within && read.scenario.pipeline.memory_limit == setting.within;
    throw by_option ? in_options(error) : error;
  }
  if (setting.within) result.memory = *setting.within;
  return result;
}

/// Whether those that were simulated differ in a member.
template <typename Value>
bool differ(const std::vector<Compared>& runs, Value Compared::*member) {
  return std::ranges::any_of(
      runs, [&](const Compared& run) { return run.left_out.empty() && !(run.*member == runs[0].*member); });
}

/// What all runs note once, what some do with their names.
void add_notes_of_runs(Comparison& comparison) {
  std::vector<std::string> seen;
  for (const Compared& run : comparison.runs)
    for (const std::string& note : run.notes) {
      if (std::ranges::find(seen, note) != seen.end()) continue;
      seen.push_back(note);
      std::vector<std::string_view> of;
      for (const Compared& other : comparison.runs)
        if (std::ranges::find(other.notes, note) != other.notes.end()) of.push_back(other.name);
      const bool all = of.size() == comparison.simulated();
      comparison.notes.push_back(all ? note : fmt::format("{}: {}", fmt::join(of, ", "), note));
    }
}

/// Where the fastest is not the best by itself.
void add_notes(Comparison& comparison) {
  add_notes_of_runs(comparison);
  if (comparison.unlike_batches())
    comparison.notes.emplace_back("the alternatives differ in the work of a step: ranked by throughput");
  if (comparison.unlike_devices())
    comparison.notes.emplace_back("the alternatives differ in devices: the fastest may be the dearest");
  if (comparison.unlike_models())
    comparison.notes.emplace_back(
        "the alternatives differ in the model: a sample of one is not the work of a sample of another");
}

void expect_bytes(const Comparison& comparison) {
  const bool bytes = std::ranges::any_of(
      comparison.runs, [](const Compared& run) { return run.metrics.peak_memory_bytes > 0; });
  if (bytes) return;
  throw InputError(
      "stagecraft: error: '--within' needs schedules that take memory, but the scenario's costs have none\n"
      "      = give a model, or costs.state and costs.activation");
}

}  // namespace

std::size_t Comparison::simulated() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(runs, [](const Compared& run) { return run.left_out.empty(); }));
}

bool Compared::fits() const {
  return memory.count == 0 || metrics.peak_memory_bytes <= memory.count;
}

double Compared::seconds_per_sample() const {
  return to_seconds(metrics.makespan) / static_cast<double>(samples);
}

double Compared::samples_per_second() const {
  return metrics.makespan > Duration{0} ? static_cast<double>(samples) / to_seconds(metrics.makespan) : 0;
}

bool Comparison::unlike_batches() const {
  return differ(runs, &Compared::samples);
}

bool Comparison::unlike_devices() const {
  return differ(runs, &Compared::devices);
}

bool Comparison::unlike_models() const {
  return differ(runs, &Compared::model);
}

std::vector<double> faster(const Compared& a, const Compared& b) {
  std::vector<double> result;
  for (std::size_t i = 0; i < a.uncertainty->makespans.size(); ++i) {
    // a's time for a sample against b's, without division: equal ones shall be found equal.
    const double x =
        static_cast<double>(a.uncertainty->makespans[i].count()) * static_cast<double>(b.samples);
    const double y =
        static_cast<double>(b.uncertainty->makespans[i].count()) * static_cast<double>(a.samples);
    result.push_back(x < y ? 1 : x == y ? 0.5 : 0);
  }
  return result;
}

double faster_in(const Compared& a, const Compared& b) {
  const std::vector<double> all = faster(a, b);
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

Comparison compare_schedules(const std::string& path, const std::vector<std::string>& overrides,
                             const std::vector<Alternative>& alternatives, std::int64_t samples,
                             std::uint64_t seed, std::optional<Bytes> within) {
  Comparison comparison{.scenario = {}, .first_named = alternatives.front().name, .runs = {}, .notes = {}};
  const Setting setting{path, overrides, samples, seed, within};
  std::optional<InputError> first;
  for (const Alternative& alternative : alternatives) {
    try {
      comparison.runs.push_back(simulate_one(setting, alternative, comparison.scenario));
    } catch (const InputError& error) {
      if (!first) first = error;
      comparison.runs.push_back({.name = alternative.name, .left_out = error.message()});
    }
  }
  if (comparison.simulated() == 0 && first) throw *first;
  if (within) expect_bytes(comparison);
  std::ranges::stable_sort(comparison.runs, {}, [](const Compared& run) {
    const bool left_out = !run.left_out.empty();
    return std::tuple(left_out, !run.fits(), left_out ? 0 : run.seconds_per_sample());
  });
  add_notes(comparison);
  return comparison;
}

}  // namespace stagecraft
