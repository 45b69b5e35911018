// From operators to stages: fallbacks, waiting for each other, host beside device, and measured factors.
#include <catch2/catch.hpp>

#include <cmath>

#include "models/calibration.h"
#include "models/catalog.h"
#include "models/roofline.h"

using namespace stagecraft;

namespace {

constexpr Duration kSpread{100'000};

/// GPT of hidden size 1024 and 16 heads.
Transformer small_model(std::int64_t layers) {
  return {.layers = layers, .hidden = 1024, .heads = 16, .vocabulary = 51200, .sequence = 1024};
}

Cluster dgx_a100() {
  Cluster cluster = find_preset(cluster_presets(), "dgx-a100")->value;
  cluster.nodes = 3;
  return cluster;
}

Operator layer_operator(std::string_view name, const TensorSplit& split) {
  for (const Operator& op : transformer_parts(small_model(1), split).layer.operators)
    if (op.name == name) return op;
  throw std::logic_error("no such operator");
}

RunsOn runs_on(const Cluster& cluster, int tensor, int micro_batch) {
  const Strategy strategy{.tensor = tensor};
  return {.cluster = &cluster,
          .tensor = tensor_group(place(strategy, cluster), 0),
          .micro_batch = micro_batch,
          .sources = {}};
}

/// A stage of `layers` layers with neither embedding nor head.
StageCost middle(int layers, const RooflineConstants& constants, const CostSources& sources = {},
                 Strategy strategy = {}) {
  strategy.pipeline = 3;
  strategy.layers = {1, layers, 1};
  return roofline_costs(small_model(layers + 2), strategy, dgx_a100(), constants, {}, sources).stages[1];
}

/// The whole model on one stage.
StageCost whole(int layers, const CostSources& sources = {}) {
  return roofline_costs(small_model(layers), {}, dgx_a100(), {}, {}, sources).stages[0];
}

Calibration calibration(double factor, double ends) {
  return {.device = "a100-80",
          .source = "made up",
          .layers = {{.hidden = 1024,
                      .heads = 16,
                      .sequence = 1024,
                      .tensor = 1,
                      .micro_batch = 1,
                      .factor = factor,
                      .ends = ends}}};
}

bool within_ns(Duration a, double seconds, std::int64_t ns) {
  return std::abs(to_seconds(a) - seconds) <= static_cast<double>(ns) * 1e-9;
}

}  // namespace

TEST_CASE("softmax falls apart into several kernels where heads times samples are no multiple of four",
          "[formula]") {
  const Cluster cluster = dgx_a100();
  const RooflineConstants constants;
  for (const int tensor : {1, 2, 4, 8, 16}) {
    const Operator softmax = layer_operator("attention_softmax", {.tensor = tensor});
    for (const int samples : {1, 2, 3, 4, 6, 8}) {
      CAPTURE(tensor, samples);
      const int heads = 16 / tensor;
      const bool fused = heads * samples % 4 == 0;
      const double scores = 1024.0 * 1024 * heads * samples;
      const PassTime forward = pass_time(softmax, softmax.forward, runs_on(cluster, 1, samples), constants);
      CHECK(forward.host_seconds == Approx((fused ? 1 : 5) * to_seconds(constants.host_launch)));
      // Fused: half of the scores read, all written, two bytes each.
      CHECK(forward.bytes_seconds == Approx((fused ? 3 : 36) * scores / cluster.device.bandwidth.per_second));
      const PassTime back =
          pass_time(softmax, softmax.input_gradient, runs_on(cluster, 1, samples), constants);
      CHECK(back.host_seconds == Approx((fused ? 1 : 6) * to_seconds(constants.host_launch)));
      CHECK(back.bytes_seconds == Approx((fused ? 4 : 48) * scores / cluster.device.bandwidth.per_second));
    }
  }
}

TEST_CASE("two heads a device cost more per sample in micro-batches of one than of two", "[property]") {
  RooflineConstants constants;
  constants.host_launch = constants.kernel_gap = constants.rank_spread = Duration{0};
  const auto forward = [&](int micro_batch) {
    return to_seconds(middle(1, constants, {}, {.tensor = 8, .micro_batch = micro_batch}).forward);
  };
  // 36 - 3 bytes of 2 x 1024^2 scores at 0.88 of the memory's bandwidth, beside what else is smaller.
  const double unfused = 33 * 2 * 1024.0 * 1024 / (0.88 * dgx_a100().device.bandwidth.per_second);
  CHECK(forward(1) - forward(2) / 2 > unfused);
  CHECK(forward(2) - forward(4) / 2 < unfused);
}

TEST_CASE("a tensor group waits for the last of its ranks", "[formula]") {
  // Expected largest of 1, 2, 4 and 8 standard normal variables: Harter, Biometrika 48, 1961, table 1.
  const std::pair<int, double> expected[] = {{1, 0}, {2, 0.56419}, {4, 1.02938}, {8, 1.42360}};
  const Cluster cluster = dgx_a100();
  RooflineConstants even, uneven;
  even.rank_spread = Duration{0};
  uneven.rank_spread = kSpread;
  for (const auto& [tensor, largest] : expected) {
    CAPTURE(tensor);
    for (const Operator& op : transformer_parts(small_model(1), {.tensor = tensor}).layer.operators) {
      CAPTURE(op.name);
      const RunsOn where = runs_on(cluster, tensor, 1);
      const double wait = pass_time(op, op.forward, where, uneven).device_seconds -
                          pass_time(op, op.forward, where, even).device_seconds;
      const bool waits = op.forward.collective != Collective::None && !op.forward.hidden;
      CHECK(wait == Approx(waits ? largest * to_seconds(kSpread) : 0).margin(1e-12));
    }
    // Two all-reduces of a layer's forward: Shoeybi et al., "Megatron-LM", 2019, figure 4.
    even.host_launch = uneven.host_launch = Duration{0};
    const Strategy strategy{.tensor = tensor};
    const Duration wait = middle(1, uneven, {}, strategy).forward - middle(1, even, {}, strategy).forward;
    CHECK(within_ns(wait, 2 * largest * to_seconds(kSpread), 2));
  }
}

TEST_CASE("collectives that run beside kernels wait for nobody", "[property]") {
  const Cluster cluster = dgx_a100();
  RooflineConstants even, uneven;
  even.rank_spread = Duration{0};
  uneven.rank_spread = kSpread;
  int hidden = 0;
  for (const Operator& op :
       transformer_parts(small_model(1), {.tensor = 4, .sequence_parallel = true}).layer.operators) {
    for (const Pass* pass : {&op.forward, &op.input_gradient, &op.weight_gradient}) {
      if (pass->collective == Collective::None || !pass->hidden) continue;
      const RunsOn where = runs_on(cluster, 4, 1);
      CHECK(pass_time(op, *pass, where, uneven).device_seconds ==
            pass_time(op, *pass, where, even).device_seconds);
      ++hidden;
    }
  }
  CHECK(hidden > 0);
}

TEST_CASE("host and device take between the longer of both and their sum", "[formula]") {
  RooflineConstants constants;
  constants.host_launch = Duration{0};
  const double device = to_seconds(middle(1, constants).forward);
  constants.host_launch = Duration{20'000};
  double host = 0;
  for (const OperatorCost& cost : operator_costs(small_model(1), {}, dgx_a100(), constants))
    if (cost.part == "layer") host += cost.forward.host_seconds;
  REQUIRE(host > device / 4);
  REQUIRE(host < device * 4);

  const auto together = [&](double overlap) {
    constants.host_overlap = overlap;
    return middle(1, constants).forward;
  };
  CHECK(within_ns(together(1), device + host, 2));
  double before = device + host + 1e-9;
  for (const double q : {1.0, 1.5, 2.0, 5.0, 20.0, 1000.0}) {
    CAPTURE(q);
    const Duration time = together(q);
    const double longer = std::max(device, host), shorter = std::min(device, host);
    CHECK(within_ns(time, longer * std::pow(1 + std::pow(shorter / longer, q), 1 / q), 2));
    CHECK(to_seconds(time) <= before);
    before = to_seconds(time);
  }
  CHECK(to_seconds(together(1000)) == Approx(std::max(device, host)).epsilon(0.001));
}

TEST_CASE("a stage takes the sum of its layers", "[property]") {
  const StageCost one = middle(1, {});
  for (const int layers : {2, 5, 12}) {
    CAPTURE(layers);
    const StageCost many = middle(layers, {});
    CHECK(within_ns(many.forward, layers * to_seconds(one.forward), layers));
    CHECK(within_ns(many.backward, layers * to_seconds(one.backward), layers));
    CHECK(within_ns(many.input_gradient, layers * to_seconds(one.input_gradient), layers));
    CHECK(within_ns(many.weight_gradient, layers * to_seconds(one.weight_gradient), layers));
  }
}

TEST_CASE("stages together take as long as the model on one", "[property]") {
  const ModelCosts parts = roofline_costs(small_model(8), {.pipeline = 4}, dgx_a100());
  Duration forward{0}, backward{0};
  for (const StageCost& stage : parts.stages) {
    forward += stage.forward;
    backward += stage.backward;
  }
  CHECK(within_ns(forward, to_seconds(whole(8).forward), 4));
  CHECK(within_ns(backward, to_seconds(whole(8).backward), 4));
}

TEST_CASE("measured factors multiply layers and ends and nothing else", "[formula]") {
  const Calibration measured = calibration(1.3, 0.7);
  const LayerFactors factors(measured);
  const CostSources sources{.kernels = nullptr, .layers = &factors, .sample = {}};
  const double layer = factors.at(measured.layers[0].shape()).value;
  const double ends = factors.ends_at(measured.layers[0].shape()).value;
  const StageCost stage = middle(4, {}), measured_stage = middle(4, {}, sources);
  CHECK(within_ns(measured_stage.forward, layer * to_seconds(stage.forward), 2));
  CHECK(within_ns(measured_stage.backward, layer * to_seconds(stage.backward), 2));
  CHECK(within_ns(measured_stage.weight_gradient, layer * to_seconds(stage.weight_gradient), 2));

  // forward = host_microbatch + layers + ends
  const double host = to_seconds(RooflineConstants{}.host_microbatch), layers = to_seconds(stage.forward);
  const double rest = to_seconds(whole(4).forward) - host - layers;
  const StageCost all = whole(4, sources);
  CHECK(within_ns(all.forward, host + layer * layers + ends * rest, 4));
  CHECK(all.optimizer == whole(4).optimizer);
  CHECK(all.gradient_reduction == whole(4).gradient_reduction);
  CHECK(all.activation_bytes == whole(4).activation_bytes);
}

TEST_CASE("a sample of what was measured changes layers by its own factor", "[formula]") {
  const Calibration measured = calibration(1, 1);
  const LayerFactors factors(measured);
  const LayerFactors::Factor layer = factors.at(measured.layers[0].shape());
  const std::array query{1024.0, 16.0, 1024.0, 1.0, 1.0};
  for (const std::int64_t number : {0, 1, 2}) {
    CAPTURE(number);
    const CostSample sample{.seed = 9, .number = number};
    const StageCost stage = middle(4, {}, {.kernels = nullptr, .layers = &factors, .sample = sample});
    const double factor = sample.factor("layers", query, layer.deviation);
    CHECK(within_ns(stage.forward, factor * to_seconds(middle(4, {}).forward), 4));
  }
}
