#include "scenarios/run/build.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

#include "base/text.h"
#include "models/layout.h"
#include "models/roofline.h"
#include "scenarios/run/build_error.h"
#include "scenarios/run/build_measured.h"
#include "scenarios/run/build_notes.h"
#include "scenarios/run/build_order.h"
#include "scenarios/run/build_published.h"
#include "scenarios/run/build_recompute.h"
#include "scenarios/run/build_refuse.h"
#include "scenarios/run/files.h"
#include "scenarios/run/uniform_costs.h"
#include "sim/pipeline/lower.h"
#include "sim/schedule/pytorch_csv.h"
#include "sim/schedule/registry.h"

namespace stagecraft {

namespace {

/// A rank's time is a sum of its ops' times and hops, so a step cannot overflow below this bound.
constexpr std::int64_t kLongestStep = std::int64_t{1} << 62;

/// About 30 million ops as text.
constexpr std::size_t kLargestSchedule = std::size_t{256} << 20;

class Builder {
 public:
  explicit Builder(const ReadScenario& read) : read_(read), scenario_(read.scenario) {}

  BuiltScenario run() {
    built_.name = scenario_.name;
    std::tie(built_.published, built_.published_left_out) = published(read_);
    built_.cost_model =
        scenario_.costs.model.value_or(scenario_.model ? CostModelKind::Roofline : CostModelKind::Uniform);
    refuse_unused_keys(read_, built_.cost_model);
    if (scenario_.model) build_training();
    build_shape_and_schedule();
    built_.problem.transfers = scenario_.pipeline.transfers;
    built_.problem.shared_links = scenario_.pipeline.shared_links;
    check_schedule();
    build_costs();
    check_size();
    built_.notes = notes_of(built_);
    if (scenario_.pipeline.chooses_recompute()) choose();
    if (!built_.problem.weight_versions.empty() && !scenario_.costs.state.empty() &&
        scenario_.costs.weights.empty())
      built_.notes.emplace_back("without 'costs.weights', older versions of the weights take no memory");
    plan_order_of(read_, built_);
    built_.problem.schedule = with_updates();
    if (built_.problem.transfers == TransferMode::Blocking)
      built_.problem.schedule =
          with_blocking_sends(built_.problem.schedule, built_.problem.shape, built_.problem.edges);
    return std::move(built_);
  }

 private:
  Schedule with_updates() const {
    const ScheduleEntry* entry = built_.schedule_entry;
    const ScheduleShape& shape = built_.problem.shape;
    const int update_every = entry && entry->update_every ? entry->update_every(shape) : 0;
    return with_step_end(built_.problem.schedule, shape, built_.problem.stages, update_every);
  }

  [[noreturn]] void fail(std::string_view key, std::string message,
                         std::vector<std::string> hints = {}) const {
    throw error_at(*read_.root, key, std::move(message), std::move(hints));
  }

  void build_training() {
    if (!scenario_.batch)
      fail("model", "a scenario with a model needs 'batch', the samples of a step",
           {"for example: batch: {global: 48, micro: 1}"});
    if (scenario_.pipeline.stages)
      fail("pipeline.stages", "'pipeline.stages' is for scenarios without a model; use 'parallel.pipeline'");
    if (scenario_.pipeline.microbatches)
      fail("pipeline.microbatches", "'pipeline.microbatches' follows from 'batch' where there is a model");
    Training training{.model = build_model(read_),
                      .cluster = build_cluster(read_),
                      .strategy = {},
                      .global_batch = scenario_.batch->global};
    const ParallelSpec& parallel = scenario_.parallel;
    training.strategy = {
        .tensor = parallel.tensor,
        .pipeline = parallel.pipeline.value_or(1),
        .data = parallel.data,
        .chunks = scenario_.pipeline.chunks.value_or(1),  // the schedule's own: check_layers()
        .micro_batch = scenario_.batch->micro,
        .sequence_parallel = parallel.sequence_parallel,
        .zero1 = parallel.zero1,
        .gradient_bytes = parallel.gradient_bytes,
        .scatter_gather = parallel.scatter_gather,
        .hidden_reduction = parallel.hidden_reduction,
        .layers = layers()};
    built_.training = std::move(training);
    at_keys([&] {
      const Strategy& strategy = built_.training->strategy;
      check(strategy, built_.training->cluster);
      check(built_.training->model, strategy.tensor, strategy.sequence_parallel);
    });
  }

  std::vector<int> layers() const {
    if (!scenario_.pipeline.layout) return scenario_.pipeline.layers;
    try {
      return layers_of_layout(*scenario_.pipeline.layout);
    } catch (const std::invalid_argument& error) {
      fail("pipeline.layout",
           fmt::format("'pipeline.layout' {}: {}", in_quotes(*scenario_.pipeline.layout), error.what()),
           {"for example: Et*3|(tt|)*14t|L"});
    }
  }

  /// Chunks of a rank where none are given: as many as the schedule must have, or a layout has stages for.
  int default_chunks(const ScheduleEntry& entry) const {
    if (entry.chunks > 0) return entry.chunks;
    if (!scenario_.pipeline.layout || !built_.training) return entry.default_chunks;
    const Strategy& strategy = built_.training->strategy;
    const auto stages = static_cast<int>(strategy.layers.size());
    if (!entry.chunked) return entry.default_chunks;
    if (stages % strategy.pipeline != 0)
      fail("pipeline.layout", fmt::format("'pipeline.layout' has {} stages, no multiple of {} ranks", stages,
                                          strategy.pipeline));
    return stages / strategy.pipeline;
  }

  /// What a model finds wrong, at the key that is to blame.
  template <class Act>
  void at_keys(Act act) const {
    try {
      act();
    } catch (const ModelError& error) {
      throw at_setting(read_, error);
    }
  }

  /// Whatever the costs, every stage must get whole layers. A CSV may bring its own chunks.
  void check_layers() {
    if (!built_.training) return;
    built_.training->strategy.chunks = built_.problem.shape.chunks;
    built_.training->strategy.copies = built_.problem.shape.replicas;
    set_recompute(built_.training->strategy);
    at_keys([&] { layers_of_stages(built_.training->model, built_.training->strategy); });
  }

  void choose() {
    if (built_.schedule_entry && built_.schedule_entry->planned)
      fail("pipeline.recompute",
           fmt::format("'pipeline.recompute' auto needs to know the order of ops, which {} plans for what is "
                       "recomputed",
                       built_.schedule_entry->name));
    const Bytes memory = scenario_.pipeline.memory_limit.value_or(built_.training->cluster.device.memory);
    at_keys([&] { built_.notes.push_back(choose_recompute(built_, memory)); });
  }

  void set_recompute(Strategy& strategy) const {
    const OneOrMany<RecomputeSpec>& given = scenario_.pipeline.recompute;
    if (given.empty() || scenario_.pipeline.chooses_recompute()) return;
    if (!given.is_list) {
      strategy.recompute = recompute_of(given.at(0));
      return;
    }
    if (std::ranges::find(given.values, RecomputeSpec::Auto) != given.values.end())
      fail("pipeline.recompute", "'pipeline.recompute' auto is for all stages; it does not stand in a list");
    if (given.values.size() != static_cast<std::size_t>(strategy.stages()))
      fail("pipeline.recompute", fmt::format("'pipeline.recompute' needs one value per stage: {}, got {}",
                                             strategy.stages(), given.values.size()));
    for (const RecomputeSpec one : given.values) strategy.recompute_of_stage.push_back(recompute_of(one));
  }
  static Recompute recompute_of(RecomputeSpec spec) {
    return spec == RecomputeSpec::None        ? Recompute::None
           : spec == RecomputeSpec::Selective ? Recompute::Selective
                                              : Recompute::Full;
  }

  int microbatches() const {
    const BatchSpec& batch = *scenario_.batch;
    const std::int64_t per_round = std::int64_t{scenario_.parallel.data} * batch.micro;
    if (batch.global % per_round != 0)
      fail("batch.global", fmt::format("'batch.global' {} is not a multiple of data {} x micro {} = {}",
                                       batch.global, scenario_.parallel.data, batch.micro, per_round));
    if (batch.global / per_round > (1 << 30))
      fail("batch.global", fmt::format("{} micro-batches are more than 2^30", batch.global / per_round));
    return static_cast<int>(batch.global / per_round);
  }

  void build_shape_and_schedule() {
    if (scenario_.pipeline.csv) return read_schedule();
    const ScheduleEntry& entry = *find_schedule(scenario_.pipeline.schedule);
    built_.schedule_name = entry.name;
    built_.schedule_entry = &entry;
    ScheduleShape& shape = built_.problem.shape;
    shape.chunks = scenario_.pipeline.chunks.value_or(default_chunks(entry));
    shape.group = scenario_.pipeline.group.value_or(0);
    shape.segments = scenario_.pipeline.segments.value_or(entry.segmented ? kDefaultSegments : 1);
    if (built_.training) {
      shape.ranks = built_.training->strategy.pipeline;
      shape.microbatches = microbatches();
    } else {
      if (!scenario_.pipeline.stages)
        fail("pipeline", "'pipeline.stages' is required where there is no model");
      if (!scenario_.pipeline.microbatches)
        fail("pipeline", "'pipeline.microbatches' is required where there is no model");
      shape.ranks = *scenario_.pipeline.stages;
      shape.microbatches = *scenario_.pipeline.microbatches;
    }
    if (std::string unmet = unmet_condition(entry, shape); !unmet.empty())
      fail("pipeline.schedule", std::move(unmet));
    shape = completed(entry, shape);
    check_layers();
    built_.problem.schedule = entry.generate(shape);
    if (entry.weight_versions)
      for (int rank = 0; rank < shape.ranks; ++rank)
        built_.problem.weight_versions.push_back(entry.weight_versions(shape, rank));
  }

  void read_schedule() {
    const std::string& file = *scenario_.pipeline.csv;
    const std::string text = read_scenario_file(read_, "pipeline.csv", file, kLargestSchedule);
    auto parsed = read_csv(text, scenario_.pipeline.csv_letters);
    if (const auto* fault = std::get_if<CsvFault>(&parsed))
      csv_error(text, fault->line, fault->column, fault->message);
    auto& csv = std::get<CsvSchedule>(parsed);
    expect_shape(csv.shape);
    built_.problem.shape = csv.shape;
    check_layers();
    built_.problem.schedule = std::move(csv.schedule);
    built_.schedule_name = file;
    csv_text_ = text;
    places_ = std::move(csv.places);
  }

  /// Keys that say again what the CSV says must agree with it.
  void expect_shape(const ScheduleShape& shape) const {
    const auto expect = [&](std::optional<int> given, int is, std::string_view key) {
      if (given && *given != is)
        fail(key, fmt::format("'{}' is {}, but the schedule in '{}' has {}", key, *given,
                              *scenario_.pipeline.csv, is));
    };
    expect(scenario_.pipeline.chunks, shape.chunks, "pipeline.chunks");
    if (scenario_.pipeline.group)
      fail("pipeline.group", "'pipeline.group' is for schedules by name; a CSV has its order");
    expect(scenario_.pipeline.segments, shape.segments, "pipeline.segments");
    if (built_.training) {
      expect(scenario_.parallel.pipeline.value_or(1), shape.ranks, "parallel.pipeline");
      expect(microbatches(), shape.microbatches, "batch.global");
      return;
    }
    expect(scenario_.pipeline.stages, shape.ranks, "pipeline.stages");
    expect(scenario_.pipeline.microbatches, shape.microbatches, "pipeline.microbatches");
  }

  [[noreturn]] void csv_error(const std::string& text, std::size_t line, std::size_t column,
                              const std::string& message) const {
    auto origin = std::make_shared<const Origin>(Origin{.name = *scenario_.pipeline.csv, .text = text});
    throw InputError(Place{std::move(origin), static_cast<int>(line), static_cast<int>(column)}, message);
  }

  bool splits_backward() const {
    return std::any_of(built_.problem.schedule.ops.begin(), built_.problem.schedule.ops.end(),
                       [](const Op& op) { return op.kind == OpKind::InputGradient; });
  }

  void build_costs() {
    if (built_.cost_model == CostModelKind::Uniform) {
      UniformCosts costs = uniform_costs(read_, built_.problem.shape, splits_backward());
      built_.problem.stages = std::move(costs.stages);
      built_.problem.edges = std::move(costs.edges);
      split_into_segments(built_.problem);
      return;
    }
    if (!built_.training)
      fail("costs.model", "roofline costs need 'model' and 'cluster'",
           {"or give times: costs: {forward: 5 ms, backward: 10 ms}"});
    if (built_.cost_model == CostModelKind::Profiled)
      built_.measured = measured_kernels(read_, built_.training->cluster.device);
    built_.roofline = scenario_.costs.roofline;
    if (scenario_.costs.calibration) {
      built_.calibrated = calibration_of(read_, built_.training->cluster.device);
      built_.roofline = built_.calibrated->calibration.roofline;
    }
    at_keys([&] { build_roofline_costs(); });
  }

  void build_roofline_costs() {
    try {
      check_segments();
      set_model_costs(built_, built_.roofline, cost_sources(built_), built_.problem);
    } catch (const std::domain_error&) {
      fail("costs",
           "an op of this model would take more than 292 years: times this long cannot be simulated");
    }
  }

  void check_segments() const {
    const int segments = built_.problem.shape.segments;
    if (built_.training->model.sequence % segments != 0)
      fail("pipeline.segments", fmt::format("{} segments do not divide a sequence of {} tokens", segments,
                                            built_.training->model.sequence));
  }

  /// How often a step changes the weights.
  int updates_of_step() const {
    const ScheduleEntry* entry = built_.schedule_entry;
    if (!entry || !entry->update_every) return 1;
    const int every = entry->update_every(built_.problem.shape);
    return (built_.problem.shape.microbatches - 1) / every + 1;
  }

  /// What a stage and a micro-batch can take in whatever form, activations that leave and come back included.
  static Duration longest_microbatch(const StageCost& stage) {
    const Duration apart =
        stage.forward + std::max(stage.backward, stage.input_gradient + stage.weight_gradient);
    const Duration fused = stage.forward + stage.backward - stage.overlap_saving;
    return std::max(apart, fused) + 2 * stage.eviction;
  }

  /// Refuses what could overflow 64-bit nanoseconds or bytes: the sum of everything is an upper bound.
  void check_size() const {
    long double time = 0;
    long double bytes = 0;
    const int updates = updates_of_step();
    const std::vector<int>& versions = built_.problem.weight_versions;
    const int copies = versions.empty() ? 1 : *std::max_element(versions.begin(), versions.end());
    for (const StageCost& stage : built_.problem.stages) {
      time += static_cast<long double>(longest_microbatch(stage).count()) * built_.problem.shape.microbatches;
      time += static_cast<long double>((stage.gradient_reduction + stage.optimizer).count()) * updates;
      bytes += static_cast<long double>(stage.activation_bytes) * built_.problem.shape.microbatches;
      bytes += static_cast<long double>(stage.weight_bytes) * copies;
      for (const std::int64_t part : {stage.gradient_bytes, stage.optimizer_bytes, stage.working_bytes})
        bytes += static_cast<long double>(part);
    }
    for (const StageEdge& edge : built_.problem.edges)
      time += static_cast<long double>((edge.forward_hop + edge.backward_hop).count()) *
              built_.problem.shape.microbatches;
    if (time > kLongestStep)
      fail("costs", "the step could take more than 146 years: times this long cannot be simulated");
    if (bytes > kLongestStep)
      fail("costs", "the step could hold more than 4 EiB on one rank: sizes this large cannot be simulated");
  }

  /// A generated schedule is right by its tests; one from a file is proved before costs ask where its stages
  /// are, and before ops are added to it, so that an error can point into the file.
  void check_schedule() {
    if (!scenario_.pipeline.csv) return;
    const int stages = built_.problem.shape.stages();
    built_.problem.stages.resize(static_cast<std::size_t>(stages));
    built_.problem.edges = chain(stages, Duration{0});
    const std::optional<ScheduleFault> fault = check(built_.problem);
    built_.problem.edges.clear();
    if (!fault) return;
    const std::size_t op =
        built_.problem.schedule.begin[static_cast<std::size_t>(fault->rank)] + fault->position;
    const auto& place = places_[std::min(op, places_.size() - 1)];
    csv_error(csv_text_, place.line, place.column, fault->message);
  }

  const ReadScenario& read_;
  const Scenario& scenario_;
  BuiltScenario built_;
  std::string csv_text_;
  std::vector<CsvSchedule::Place> places_;
};

}  // namespace

BuiltScenario build(const ReadScenario& read) {
  return Builder(read).run();
}

}  // namespace stagecraft
