#include "scenarios/run/uniform_costs.h"

#include <fmt/format.h>

namespace stagecraft {

namespace {

/// A chunk's share of what a whole rank costs, rounded to the nearest nanosecond or byte, halves up.
Duration share(Duration whole, int chunks) {
  return Duration((2 * whole.count() + chunks) / (2 * chunks));
}
std::int64_t share(Bytes whole, int chunks) {
  return (2 * whole.count + chunks) / (2 * chunks);
}

Duration as_given(Duration value) {
  return value;
}
std::int64_t as_given(Bytes value) {
  return value.count;
}

class Reader {
 public:
  Reader(const ReadScenario& read, const ScheduleShape& shape) : read_(read), shape_(shape) {}

  /// The stage's value: its own of a list, a chunk's share of a single one; zero where nothing is given.
  template <class T>
  auto stage(const OneOrMany<T>& given, std::string_view key, int stage_index) const {
    if (given.empty()) return decltype(as_given(T{})){};
    if (!given.is_list) return share(given.at(0), shape_.chunks);
    expect(given.values.size(), static_cast<std::size_t>(shape_.stages()), key, "stage");
    return as_given(given.at(static_cast<std::size_t>(stage_index)));
  }

  Duration hop(const OneOrMany<Duration>& given, int boundary) const {
    if (given.empty()) return Duration{0};
    if (!given.is_list) return given.at(0);
    expect(given.values.size(), static_cast<std::size_t>(shape_.stages() - 1), "costs.transfer",
           "boundary between stages");
    return given.at(static_cast<std::size_t>(boundary));
  }

 private:
  void expect(std::size_t got, std::size_t wanted, std::string_view key, std::string_view what) const {
    if (got != wanted)
      throw error_at(
          *read_.root, key, fmt::format("'{}' needs one value per {}: {}, got {}", key, what, wanted, got),
          {fmt::format("stages: {} ranks x {} per rank = {}", shape_.ranks, shape_.chunks, shape_.stages())});
  }

  const ReadScenario& read_;
  const ScheduleShape& shape_;
};

void check_times(const ReadScenario& read, bool split_backward) {
  const CostsSpec& costs = read.scenario.costs;
  const bool halves = !costs.input_gradient.empty() && !costs.weight_gradient.empty();
  if (costs.forward.empty())
    throw error_at(*read.root, "costs", "'costs.forward' is required for uniform costs",
                   {"for example: costs: {forward: 5 ms, backward: 10 ms}"});
  if (costs.input_gradient.empty() != costs.weight_gradient.empty())
    throw error_at(*read.root,
                   costs.input_gradient.empty() ? "costs.weight_gradient" : "costs.input_gradient",
                   "'costs.input_gradient' and 'costs.weight_gradient' go together");
  if (costs.backward.empty() && !halves)
    throw error_at(*read.root, "costs",
                   "'costs.backward', or both 'costs.input_gradient' and 'costs.weight_gradient', is "
                   "required for uniform costs");
  if (split_backward && !halves)
    throw error_at(
        *read.root, "costs",
        "this schedule splits the backward: 'costs.input_gradient' and 'costs.weight_gradient' are required");
}

void expect_part(const ReadScenario& read, std::string_view key, std::int64_t part,
                 std::string_view whole_key, std::int64_t whole) {
  if (part > whole)
    throw error_at(*read.root, key,
                   fmt::format("'{}' must not be more than '{}', of which it is a part", key, whole_key));
}

}  // namespace

void split_into_segments(PipelineProblem& problem) {
  const int segments = problem.shape.segments;
  if (segments == 1) return;
  std::vector<StageCost> stages = problem.stages;
  for (StageCost& stage : stages) {
    for (Duration StageCost::*time :
         {&StageCost::forward, &StageCost::backward, &StageCost::input_gradient, &StageCost::weight_gradient})
      stage.*time = share(stage.*time, segments);
    stage.activation_bytes = share(Bytes{stage.activation_bytes}, segments);
    stage.weight_gradient_bytes = share(Bytes{stage.weight_gradient_bytes}, segments);
  }
  std::vector<StageEdge> edges = problem.edges;
  for (StageEdge& edge : edges) {
    edge.forward_hop = share(edge.forward_hop, segments);
    edge.backward_hop = share(edge.backward_hop, segments);
  }
  problem.segment_stages.assign(static_cast<std::size_t>(segments), stages);
  problem.variant_edges.assign(static_cast<std::size_t>(segments * problem.shape.replicas), edges);
}

UniformCosts uniform_costs(const ReadScenario& read, const ScheduleShape& shape, bool split_backward) {
  check_times(read, split_backward);
  const CostsSpec& costs = read.scenario.costs;
  const Reader reader(read, shape);
  UniformCosts result;
  for (int i = 0; i < shape.stages(); ++i) {
    StageCost stage{
        .forward = reader.stage(costs.forward, "costs.forward", i),
        .backward = reader.stage(costs.backward, "costs.backward", i),
        .input_gradient = reader.stage(costs.input_gradient, "costs.input_gradient", i),
        .weight_gradient = reader.stage(costs.weight_gradient, "costs.weight_gradient", i),
        .eviction = reader.stage(costs.eviction, "costs.eviction", i),
        .gradient_reduction = reader.stage(costs.gradient_reduction, "costs.gradient_reduction", i),
        .optimizer = reader.stage(costs.optimizer, "costs.optimizer", i),
        .weight_bytes = reader.stage(costs.weights, "costs.weights", i),
        .optimizer_bytes = reader.stage(costs.state, "costs.state", i),
        .activation_bytes = reader.stage(costs.activation, "costs.activation", i),
        .weight_gradient_bytes =
            reader.stage(costs.weight_gradient_activation, "costs.weight_gradient_activation", i),
    };
    if (costs.state.empty()) stage.optimizer_bytes = stage.weight_bytes;
    expect_part(read, "costs.weights", stage.weight_bytes, "costs.state", stage.optimizer_bytes);
    stage.optimizer_bytes -= stage.weight_bytes;
    if (costs.backward.empty()) stage.backward = stage.input_gradient + stage.weight_gradient;
    if (!costs.forward_backward.empty())
      stage.overlap_saving =
          stage.forward + stage.backward - reader.stage(costs.forward_backward, "costs.forward_backward", i);
    expect_part(read, "costs.weight_gradient_activation", stage.weight_gradient_bytes, "costs.activation",
                stage.activation_bytes);
    result.stages.push_back(stage);
    if (i + 1 < shape.stages()) {
      const Duration hop = reader.hop(costs.transfer, i);
      result.edges.push_back({i, i + 1, hop, hop});
    }
  }
  return result;
}

}  // namespace stagecraft
