#include "scenarios/run/steps.h"

#include <fmt/format.h>

#include "base/csv.h"
#include "base/file.h"
#include "sim/pipeline/lower.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

constexpr std::size_t kLargestFile = std::size_t{64} << 20;
constexpr std::string_view kSeconds = "step_s";

std::vector<std::string> columns_of(CsvLines& lines) {
  if (lines.done()) throw InputError(lines.place(), "is empty: its first line must name the columns");
  lines.next();
  std::vector<std::string> names;
  for (const std::string_view cell : lines.cells()) names.emplace_back(cell);
  if (names.size() < 2 || names.back() != kSeconds)
    throw InputError(lines.place(),
                     fmt::format("the last column must be '{}', the seconds that were measured; "
                                 "those before it scenario keys such as parallel.tensor",
                                 kSeconds));
  names.pop_back();
  return names;
}

/// A row's error is one of the scenario with its keys set; say which row it was.
BuiltScenario build_row(const std::string& base, const std::vector<std::string>& overrides,
                        const Place& place) {
  try {
    return build(read_scenario(base, overrides));
  } catch (const InputError& error) {
    throw InputError(place, fmt::format("this step is no valid scenario: {}", error.message()));
  }
}

MeasuredStep step_of(const CsvLines& lines, const std::vector<std::string>& columns,
                     const std::string& base) {
  const std::vector<std::string_view> cells = lines.cells();
  if (cells.size() != columns.size() + 1)
    throw InputError(lines.place(),
                     fmt::format("has {} cells, the first line {}", cells.size(), columns.size() + 1));
  std::vector<std::string> overrides;
  std::string label;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    overrides.push_back(fmt::format("{}={}", columns[i], cells[i]));
    label += (i == 0 ? "" : " ") + overrides.back();
  }
  const double seconds = lines.positive(cells.back());
  BuiltScenario built = build_row(base, overrides, lines.place());
  if (!built.training || built.cost_model == CostModelKind::Uniform)
    throw InputError(lines.place(), fmt::format("'{}' has no model whose costs could be fitted", base));
  return {.label = std::move(label), .built = std::move(built), .seconds = seconds};
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
  CsvLines lines(origin);
  const std::vector<std::string> columns = columns_of(lines);
  std::vector<MeasuredStep> steps;
  while (!lines.done())
    if (!lines.next().empty()) steps.push_back(step_of(lines, columns, base));
  if (steps.empty()) throw InputError(lines.place(), "has no steps");
  return steps;
}

double simulated_seconds(const BuiltScenario& built, const RooflineConstants& constants,
                         const LayerFactors* layers) {
  const auto& [model, cluster, strategy, batch] = *built.training;
  const CostSources sources{
      .kernels = built.measured ? &built.measured->kernels : nullptr, .layers = layers, .sample = {}};
  const std::vector<int> ranks =
      rank_of_stage(built.problem.schedule, static_cast<std::size_t>(strategy.stages()));
  ModelCosts costs = roofline_costs(model, strategy, cluster, constants, ranks, sources);
  PipelineProblem problem = built.problem;
  set_costs(problem, std::move(costs));
  const auto graph = std::get<TaskGraph>(lower(problem));
  return to_seconds(std::get<Timeline>(simulate(problem, graph)).makespan);
}

}  // namespace stagecraft
