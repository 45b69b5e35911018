#include "scenarios/run/build_measured.h"

#include <fmt/format.h>

#include "models/catalog.h"
#include "scenarios/run/files.h"

namespace stagecraft {

namespace {

/// A hundred times a table of 100,000 rows.
constexpr std::size_t kLargestTable = std::size_t{64} << 20;

/// Refuses measurements of another device than the cluster's.
void expect_device(const ReadScenario& read, std::string_view key, const std::string& file,
                   const std::string& measured, const Device& device) {
  if (find_preset(device_presets(), measured)->value == device) return;
  throw error_at(
      *read.root, key,
      fmt::format("'{}' was measured on {}, the cluster's device is {}", file, measured, device.name));
}

}  // namespace

Measured measured_kernels(const ReadScenario& read, const Device& device) {
  const auto& file = read.scenario.costs.table;
  if (!file)
    throw error_at(*read.root, "costs.model", "profiled costs need 'costs.table'",
                   {"`stagecraft fit` makes one from measured kernels"});
  const KernelTable table = parse_kernel_table(read_scenario_file(read, "costs.table", *file, kLargestTable),
                                               scenario_file_path(read, *file));
  expect_device(read, "costs.table", *file, table.device, device);
  return {.kernels = MeasuredKernels(table, device), .source = table.source};
}

Calibrated calibration_of(const ReadScenario& read, const Device& device) {
  const std::string& file = *read.scenario.costs.calibration;
  Calibration calibration = parse_calibration(
      read_scenario_file(read, "costs.calibration", file, kLargestTable), scenario_file_path(read, file));
  expect_device(read, "costs.calibration", file, calibration.device, device);
  LayerFactors layers(calibration);
  return {.calibration = std::move(calibration), .layers = std::move(layers)};
}

ModelCosts model_costs(const BuiltScenario& built, const CostSample& sample) {
  const auto& [model, cluster, strategy, batch] = *built.training;
  const CostSources sources{.kernels = built.measured ? &built.measured->kernels : nullptr,
                            .layers = built.calibrated ? &built.calibrated->layers : nullptr,
                            .sample = sample};
  const std::vector<int> ranks =
      rank_of_stage(built.problem.schedule, static_cast<std::size_t>(strategy.stages()));
  return roofline_costs(model, strategy, cluster, built.roofline, ranks, sources);
}

void set_costs(PipelineProblem& problem, ModelCosts costs) {
  problem.stages = std::move(costs.stages);
  problem.edges.clear();
  for (std::size_t i = 0; i < costs.hops.size(); ++i)
    problem.edges.push_back({static_cast<int>(i), static_cast<int>(i) + 1, costs.hops[i], costs.hops[i]});
}

}  // namespace stagecraft
