#include "scenarios/run/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <tuple>

#include "base/error.h"
#include "base/suggest.h"
#include "sim/schedule/registry.h"

namespace stagecraft {

namespace {

/// Alternatives of one comparison: more is a sweep.
constexpr std::size_t kMost = 256;

struct Short {
  std::string_view name;
  std::string_view key;
};
constexpr std::array kShort{Short{"v", "pipeline.chunks"}, Short{"b", "batch.micro"},
                            Short{"t", "parallel.tensor"}, Short{"p", "parallel.pipeline"},
                            Short{"d", "parallel.data"}};

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "2..4" is 2, 3 and 4; anything else one value.
std::vector<std::string> values_of(std::string_view text, std::string_view whole) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return {std::string(text)};
  const auto first = whole_number(text.substr(0, dots)), last = whole_number(text.substr(dots + 2));
  if (!first || !last || *first < 0 || *last < *first || *last - *first >= static_cast<int>(kMost))
    throw std::invalid_argument(
        fmt::format("'{}': '{}' is no range of whole numbers such as 2..4", whole, text));
  std::vector<std::string> values;
  for (std::int64_t value = *first; value <= *last; ++value) values.push_back(std::to_string(value));
  return values;
}

std::string key_of(std::string_view name, std::string_view whole) {
  for (const Short& known : kShort)
    if (known.name == name) return std::string(known.key);
  if (name.find('.') != std::string_view::npos) return std::string(name);
  throw std::invalid_argument(
      fmt::format("'{}': '{}' is neither v, b, t, p, d nor a key such as batch.micro", whole, name));
}

/// Every alternative so far, with every value of one more setting, "v=2..4".
std::vector<Alternative> with_setting(const std::vector<Alternative>& alternatives, std::string_view setting,
                                      std::string_view whole) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos || equals + 1 == setting.size())
    throw std::invalid_argument(fmt::format("'{}': after a colon comes a setting such as v=2..4", whole));
  const std::string_view name = setting.substr(0, equals);
  const std::string key = key_of(name, whole);
  std::vector<Alternative> result;
  for (const Alternative& alternative : alternatives) {
    for (const std::string& value : values_of(setting.substr(equals + 1), whole)) {
      Alternative& added = result.emplace_back(alternative);
      added.name += fmt::format(" {}={}", name, value);
      added.overrides.push_back(fmt::format("{}={}", key, value));
      if (result.size() > kMost) throw std::invalid_argument(fmt::format("more than {} alternatives", kMost));
    }
  }
  return result;
}

void expect_schedule(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ScheduleEntry& entry : schedules()) names.push_back(entry.name);
  if (std::ranges::find(names, name) == names.end())
    throw std::invalid_argument(fmt::format("unknown schedule '{}'{}", name, did_you_mean(name, names)));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// "interleaved-1f1b:v=2..4:b=1".
std::vector<Alternative> alternatives_of(std::string_view whole) {
  whole = trimmed(whole);
  const std::vector<std::string_view> parts = split(whole, ':');
  expect_schedule(parts[0]);
  std::vector<Alternative> result{{std::string(parts[0]), {fmt::format("pipeline.schedule={}", parts[0])}}};
  for (const std::string_view setting : std::span(parts).subspan(1))
    result = with_setting(result, setting, whole);
  return result;
}

Compared simulate_one(const std::string& path, std::vector<std::string> overrides,
                      const Alternative& alternative, std::int64_t samples, std::uint64_t seed,
                      Comparison& comparison) {
  overrides.insert(overrides.end(), alternative.overrides.begin(), alternative.overrides.end());
  Compared result{.name = alternative.name, .metrics = {}, .uncertainty = {}, .left_out = {}};
  const ReadScenario read = read_scenario(path, overrides);
  if (samples > 0) result.uncertainty = uncertainty_of(build(read), samples, seed);
  RunResult simulated = run(read);
  result.metrics = std::move(simulated.metrics);
  result.chunks = simulated.built.problem.shape.chunks;
  result.segments = simulated.built.problem.shape.segments;
  if (simulated.built.training) {
    const Training& training = *simulated.built.training;
    result.memory = training.cluster.device.memory;
    result.devices = training.strategy.devices();
    result.samples = training.global_batch;
    result.model = training.model;
  } else {
    result.devices = simulated.built.problem.shape.ranks;
    result.samples = simulated.built.problem.shape.microbatches;
  }
  comparison.scenario = simulated.built.name;
  comparison.notes = simulated.built.notes;
  return result;
}

/// Whether those that were simulated differ in a member.
template <typename Value>
bool differ(const std::vector<Compared>& runs, Value Compared::*member) {
  return std::ranges::any_of(
      runs, [&](const Compared& run) { return run.left_out.empty() && !(run.*member == runs[0].*member); });
}

/// Where the fastest is not the best by itself.
void add_notes(Comparison& comparison) {
  if (comparison.unlike_batches())
    comparison.notes.emplace_back("the alternatives differ in the work of a step: ranked by throughput");
  if (comparison.unlike_devices())
    comparison.notes.emplace_back("the alternatives differ in devices: the fastest may be the dearest");
  if (comparison.unlike_models())
    comparison.notes.emplace_back(
        "the alternatives differ in the model: a sample of one is not the work of a sample of another");
}

}  // namespace

std::vector<Alternative> parse_alternatives(const std::string& text) {
  std::vector<Alternative> alternatives;
  for (const std::string_view part : split(text, ',')) {
    const std::vector<Alternative> added = alternatives_of(part);
    alternatives.insert(alternatives.end(), added.begin(), added.end());
    if (alternatives.size() > kMost)
      throw std::invalid_argument(fmt::format("more than {} alternatives", kMost));
  }
  return alternatives;
}

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
    const auto x = static_cast<double>(a.uncertainty->makespans[i].count() * b.samples);
    const auto y = static_cast<double>(b.uncertainty->makespans[i].count() * a.samples);
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
  std::optional<InputError> first;
  for (const Alternative& alternative : alternatives) {
    try {
      comparison.runs.push_back(simulate_one(path, overrides, alternative, samples, seed, comparison));
      if (within) comparison.runs.back().memory = *within;
    } catch (const InputError& error) {
      if (!first) first = error;
      comparison.runs.push_back(
          {.name = alternative.name, .metrics = {}, .uncertainty = {}, .left_out = error.message()});
    }
  }
  if (comparison.simulated() == 0 && first) throw *first;
  for (const Compared& run : comparison.runs)
    if (run.left_out.empty() && run.metrics.makespan == Duration{0})  // ratios of times have no meaning
      throw file_error(path, fmt::format("has costs of 0 only: a step of {} takes no time", run.name),
                       {"give 'costs' above 0 to compare schedules"});
  std::ranges::stable_sort(comparison.runs, {}, [](const Compared& run) {
    const bool left_out = !run.left_out.empty();
    return std::tuple(left_out, !run.fits(), left_out ? 0 : run.seconds_per_sample());
  });
  add_notes(comparison);
  return comparison;
}

}  // namespace stagecraft
