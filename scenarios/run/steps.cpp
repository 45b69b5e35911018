#include "scenarios/run/steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/csv.h"
#include "base/file.h"
#include "sim/pipeline/lower.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr std::string_view kSeconds = "step_s";
constexpr double kShortestStep = 1e-5;
constexpr double kLongestStep = 86400;

std::vector<std::string> columns_of(CsvLines& lines) {
  if (lines.done()) throw InputError(lines.place(), "is empty; its first line must name the columns");
  lines.next();
  std::vector<std::string> names;
  for (const std::string_view cell : lines.cells()) names.emplace_back(cell);
  if (names.size() < 2 || names.back() != kSeconds)
    throw InputError(lines.place(),
                     fmt::format("the last column must be '{}', the seconds that were measured; "
                                 "those before it scenario keys such as parallel.tensor",
                                 kSeconds));
  names.pop_back();
  for (std::size_t i = 0; i < names.size(); ++i)
    if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
        names.begin() + static_cast<std::ptrdiff_t>(i))
      throw InputError(lines.place(), fmt::format("column '{}' stands twice", names[i]));
  return names;
}

/// A row's error is one of the scenario with its keys set; say which row and which setting it was.
[[noreturn]] void rethrow_at(const Place& place, const InputError& error) {
  const std::shared_ptr<const Origin>& origin = error.place().origin;
  const bool in_file = origin && !origin->is_option;
  if (in_file && error.place().line == 0) throw error;  // of the file as a whole, whatever the row
  std::vector<std::string> hints = error.hints();
  if (in_file) hints.push_back("at " + to_string(error.place()));
  const std::string setting = origin && origin->is_option ? origin->name + ": " : "";
  throw InputError(place, fmt::format("this step is no valid scenario: {}{}", setting, error.message()),
                   hints);
}

BuiltScenario build_row(const std::string& base, const std::vector<std::string>& settings,
                        const Place& place) {
  try {
    return build(read_scenario(base, settings));
  } catch (const InputError& error) {
    rethrow_at(place, error);
  }
}

/// Refuses a schedule that waits for itself, which only its simulation tells. Times have no part in that.
void expect_runs(const BuiltScenario& built, const Place& place) {
  PipelineProblem problem = built.problem;
  const auto lowered = lower(problem);
  const auto* fault = std::get_if<ScheduleFault>(&lowered);
  if (fault != nullptr) throw InputError(place, fmt::format("this step cannot run: {}", fault->message));
  const auto simulated = simulate(problem, std::get<TaskGraph>(lowered));
  fault = std::get_if<ScheduleFault>(&simulated);
  if (fault != nullptr) throw InputError(place, fmt::format("this step cannot run: {}", fault->message));
}

MeasuredStep step_of(const CsvLines& lines, const std::vector<std::string>& columns,
                     const std::string& base) {
  const std::vector<std::string_view> cells = lines.cells();
  if (cells.size() != columns.size() + 1)
    throw InputError(lines.place(),
                     fmt::format("has {} cells, the first line {}", cells.size(), columns.size() + 1));
  std::vector<std::string> settings;
  for (std::size_t i = 0; i < columns.size(); ++i)
    settings.push_back(fmt::format("{}={}", columns[i], cells[i]));
  const double seconds = lines.positive(cells.back());
  if (seconds < kShortestStep || seconds > kLongestStep)
    throw InputError(
        lines.place(cells.back()),
        fmt::format("a step of {:.3g} s: '{}' is in seconds, from 10 us to a day", seconds, kSeconds));
  BuiltScenario built = build_row(base, settings, lines.place());
  if (!built.training || built.cost_model == CostModelKind::Uniform)
    throw InputError(lines.place(), fmt::format("'{}' has no model whose costs could be fitted", base));
  expect_runs(built, lines.place());
  return {.settings = std::move(settings), .built = std::move(built), .seconds = seconds};
}

/// Refuses what one calibration cannot hold.
void expect_alike(const MeasuredStep& first, const MeasuredStep& step, const Place& place) {
  const Device& device = step.built.training->cluster.device;
  const Device& others = first.built.training->cluster.device;
  if (device != others)
    throw InputError(place,
                     fmt::format("this step ran on {}, the first on {}; a calibration is of one device",
                                 device.name, others.name));
  if (step.built.roofline != first.built.roofline)
    throw InputError(place, "this step sets other constants of the roofline model than the first");
}

}  // namespace

LayerShape MeasuredStep::shape() const {
  const auto& [model, cluster, strategy, batch] = *built.training;
  return {.hidden = model.hidden,
          .heads = model.heads,
          .sequence = model.sequence,
          .tensor = strategy.tensor,
          .micro_batch = strategy.micro_batch};
}

std::vector<MeasuredStep> read_steps(const std::string& file, const std::string& base) {
  const auto origin = std::make_shared<Origin>(Origin{.name = file, .text = read_file(file, kLargestFile)});
  if (origin->text.size() > kLargestFile)
    throw file_error(file, fmt::format("is larger than {} MiB", kLargestFile >> 20));
  CsvLines lines(origin);
  const std::vector<std::string> columns = columns_of(lines);
  std::vector<MeasuredStep> steps;
  while (!lines.done()) {
    if (lines.next().empty()) continue;
    steps.push_back(step_of(lines, columns, base));
    expect_alike(steps.front(), steps.back(), lines.place());
  }
  if (steps.empty()) throw file_error(file, "has no steps below the names of its columns");
  return steps;
}

double simulated_seconds(const BuiltScenario& built, const RooflineConstants& constants,
                         const LayerFactors* layers) {
  CostSources sources = cost_sources(built);
  sources.layers = layers;
  PipelineProblem problem = built.problem;
  set_model_costs(built, constants, sources, problem);
  const auto graph = std::get<TaskGraph>(lower(problem));
  return to_seconds(std::get<Timeline>(simulate(problem, graph)).makespan);
}

std::vector<double> simulated_seconds(const std::vector<MeasuredStep>& steps,
                                      const Calibration& calibration) {
  const LayerFactors layers(calibration);
  std::vector<double> seconds;
  for (const MeasuredStep& step : steps)
    seconds.push_back(simulated_seconds(step.built, calibration.roofline, &layers));
  return seconds;
}

}  // namespace stagecraft
