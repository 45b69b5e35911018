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

CostSources cost_sources(const BuiltScenario& built, const CostSample& sample) {
  return {.kernels = built.measured ? &built.measured->kernels : nullptr,
          .layers = built.calibrated ? &built.calibrated->layers : nullptr,
          .sample = sample};
}

namespace {

std::vector<StageEdge> chain_of(const std::vector<Duration>& hops) {
  std::vector<StageEdge> edges;
  for (std::size_t i = 0; i < hops.size(); ++i)
    edges.push_back({static_cast<int>(i), static_cast<int>(i) + 1, hops[i], hops[i]});
  return edges;
}

/// The model's costs for whole micro-batches, and for every segment and replica.
class ModelCoster {
 public:
  ModelCoster(const BuiltScenario& built, const RooflineConstants& constants, const CostSources& sources)
      : training_(*built.training),
        constants_(constants),
        sources_(sources),
        shape_(built.problem.shape),
        placement_(placement_of(built.problem.schedule, shape_)) {}

  void set(PipelineProblem& problem) const {
    ModelCosts whole = costs_of(0, std::nullopt);
    problem.stages = std::move(whole.stages);
    problem.edges = chain_of(whole.hops);
    problem.segment_stages.clear();
    problem.variant_edges.clear();
    if (shape_.segments == 1 && shape_.replicas == 1) return;
    if (shape_.segments == 1) problem.variant_edges.push_back(problem.edges);
    for (int replica = shape_.segments == 1 ? 1 : 0; replica < shape_.replicas; ++replica)
      for (int segment = 0; segment < shape_.segments; ++segment) add_variant(replica, segment, problem);
  }

 private:
  void add_variant(int replica, int segment, PipelineProblem& problem) const {
    const bool cut = shape_.segments > 1;
    ModelCosts costs = costs_of(replica, cut ? std::optional(segment) : std::nullopt);
    problem.variant_edges.push_back(chain_of(costs.hops));
    if (cut && replica == 0) problem.segment_stages.push_back(std::move(costs.stages));
  }

  /// Of whole micro-batches where no segment is given.
  ModelCosts costs_of(int replica, std::optional<int> segment) const {
    Transformer model = training_.model;
    Strategy strategy = training_.strategy;
    if (segment) {
      model.sequence /= shape_.segments;
      strategy.past_segments = *segment;
    }
    const auto stages = static_cast<std::size_t>(shape_.stages());
    const std::span ranks =
        std::span(placement_.rank_of).subspan(static_cast<std::size_t>(replica) * stages, stages);
    return roofline_costs(model, strategy, training_.cluster, constants_, ranks, sources_);
  }

  const Training& training_;
  const RooflineConstants& constants_;
  const CostSources& sources_;
  const ScheduleShape& shape_;
  StagePlacement placement_;
};

}  // namespace

void set_model_costs(const BuiltScenario& built, const RooflineConstants& constants,
                     const CostSources& sources, PipelineProblem& problem) {
  ModelCoster(built, constants, sources).set(problem);
}

}  // namespace stagecraft
