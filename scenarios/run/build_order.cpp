#include "scenarios/run/build_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "planners/order/order_planner.h"
#include "scenarios/run/build_error.h"

namespace stagecraft {

namespace {

/// No rank's activations come near it (check_size), and sums of a few of them do not overflow.
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max() / 4;

class OrderOfScenario {
 public:
  OrderOfScenario(const ReadScenario& read, BuiltScenario& built)
      : read_(read), pipeline_(read.scenario.pipeline), built_(built) {}

  void run() {
    refuse_limits();
    if (!planned()) return;
    make_problem();
    if (!within_longest(problem_))
      throw error_at(
          *read_.root, "costs",
          fmt::format("all ops and transfers together take more than 1000 h: schedule {} cannot be "
                      "planned for times this long",
                      built_.schedule_name));
    set_caps();
    const OrderPlan plan = plan_order(problem_);
    built_.problem.schedule = plan.schedule;
    note(plan);
  }

 private:
  bool planned() const { return built_.schedule_entry && built_.schedule_entry->planned; }

  void refuse_limits() const {
    const bool reads = planned() && built_.schedule_entry->planned_rounds == 0;
    if (pipeline_.activation_limit && !reads) refuse("pipeline.activation_limit");
    if (pipeline_.memory_limit && !reads && !pipeline_.chooses_recompute()) refuse("pipeline.memory_limit");
    if (pipeline_.activation_limit && pipeline_.memory_limit)
      throw error_at(
          *read_.root, "pipeline.memory_limit",
          "'pipeline.memory_limit' and 'pipeline.activation_limit' both limit activations; leave one out");
    if (pipeline_.memory_limit && !has_activations(built_.problem.stages))
      throw error_at(
          *read_.root, "pipeline.memory_limit",
          "'pipeline.memory_limit' needs the bytes of activations: give 'costs.activation', or limit "
          "'pipeline.activation_limit' micro-batches");
  }
  static bool has_activations(const std::vector<StageCost>& stages) {
    return std::any_of(stages.begin(), stages.end(),
                       [](const StageCost& stage) { return stage.activation_bytes > 0; });
  }
  void refuse(std::string_view key) const {
    throw error_at(
        *read_.root, key,
        fmt::format("'{}' is for schedule zb-auto, but this scenario has {}", key, built_.schedule_name));
  }

  /// Where costs have no memory, M_B counts 2 and M_W 1: what the zero-bubble papers' scheduler assumes.
  void make_problem() {
    const PipelineProblem& pipeline = built_.problem;
    problem_.microbatches = pipeline.shape.microbatches;
    problem_.stages = pipeline.stages;
    problem_.edges = pipeline.edges;
    problem_.rank_of = rank_of_stage(pipeline.schedule, pipeline.stages.size());
    if (has_activations(problem_.stages)) return;
    for (StageCost& stage : problem_.stages) {
      stage.activation_bytes = 2;
      stage.weight_gradient_bytes = 1;
    }
  }

  void set_caps() {
    const auto ranks = static_cast<std::size_t>(built_.problem.shape.ranks);
    std::vector<std::int64_t> whole(ranks);   // M_B of a rank's stages
    std::vector<std::int64_t> beside(ranks);  // weights, gradients, optimizer state
    std::vector<std::int64_t> working(ranks);
    for (std::size_t s = 0; s < problem_.stages.size(); ++s) {
      const StageCost& stage = problem_.stages[s];
      const auto r = static_cast<std::size_t>(problem_.rank_of[s]);
      whole[r] += stage.activation_bytes;
      beside[r] += stage.weight_bytes + stage.gradient_bytes + stage.optimizer_bytes;
      working[r] = std::max(working[r], stage.working_bytes);
    }
    for (std::size_t r = 0; r < ranks; ++r)
      problem_.activation_cap.push_back(cap(r, whole[r], beside[r] + working[r]));
  }

  std::int64_t cap(std::size_t rank, std::int64_t whole, std::int64_t beside) const {
    if (!by_bytes()) return share(whole);
    if (!pipeline_.memory_limit)  // The report says where even one micro-batch does not fit the device.
      return std::max(whole, built_.training->cluster.device.memory.count - beside);
    const std::int64_t room = pipeline_.memory_limit->count - beside;
    if (room < whole)
      throw error_at(
          *read_.root, "pipeline.memory_limit",
          fmt::format("rank {} needs {} bytes for one micro-batch, {} of them for activations, more "
                      "than 'pipeline.memory_limit'",
                      rank, beside + whole, whole));
    return room;
  }
  bool by_bytes() const {
    return built_.schedule_entry->planned_rounds == 0 && !pipeline_.activation_limit &&
           (pipeline_.memory_limit || built_.training);
  }

  /// The cap where it counts micro-batches.
  std::int64_t share(std::int64_t whole) const {
    const int rounds = built_.schedule_entry->planned_rounds;
    if (rounds == 0 && !pipeline_.activation_limit) return kNoLimit;
    const double microbatches =
        rounds > 0 ? static_cast<double>(rounds) * built_.problem.shape.ranks : *pipeline_.activation_limit;
    const double bytes = std::floor(static_cast<double>(whole) * microbatches);
    return bytes < static_cast<double>(kNoLimit) ? static_cast<std::int64_t>(bytes) : kNoLimit;
  }

  void note(const OrderPlan& plan) {
    if (plan.proven) {
      built_.notes.push_back("no order of these ops in this memory has a shorter span");
      return;
    }
    const double over = to_seconds(plan.span) / to_seconds(plan.lower_bound) - 1;
    built_.notes.push_back(fmt::format(
        "the span of the planned order is at most {:.2f} % longer than any order's must be in this memory",
        100 * over));
  }

  const ReadScenario& read_;
  const PipelineSpec& pipeline_;
  BuiltScenario& built_;
  OrderProblem problem_;
};

}  // namespace

void plan_order_of(const ReadScenario& read, BuiltScenario& built) {
  OrderOfScenario(read, built).run();
}

}  // namespace stagecraft
