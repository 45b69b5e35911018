#include "models/roofline.h"

#include <catch2/catch.hpp>

#include "models/catalog.h"

namespace stagecraft {
namespace {

Transformer preset(std::string_view name) {
  return find_preset(model_presets(), name)->value;
}

Cluster dgx_a100(int nodes) {
  Cluster cluster = find_preset(cluster_presets(), "dgx-a100")->value;
  cluster.nodes = nodes;
  return cluster;
}

/// 10 processors, 10 TFLOP/s, 1 TB/s.
Device small_device() {
  return {.half = {10e12}, .bandwidth = {1e12}, .processors = 10};
}

/// Sum of a member over all stages.
template <typename T>
T sum(const ModelCosts& costs, T StageCost::*member) {
  T total{};
  for (const StageCost& stage : costs.stages) total += stage.*member;
  return total;
}

}  // namespace

TEST_CASE("one tile more than there are processors takes a second wave", "[formula]") {
  RooflineConstants constants;
  constants.memory_efficiency = 1;
  // k is short enough that it is not split; 128 x 256 tiles: 10 of them are one wave of ten processors.
  const auto seconds = [&](std::int64_t tiles) {
    return gemm_seconds({.m = 128 * tiles, .n = 256, .k = 256}, 1.0, small_device(), constants);
  };
  // tile flops 2 * 128 * 256 * (256 + 64) at 1 TFLOP/s per processor
  const double wave = 2.0 * 128 * 256 * (256 + 64) / 1e12;
  CHECK(seconds(10) == Approx(wave));
  CHECK(seconds(1) < wave);  // smaller tiles spread it over more processors
  CHECK(seconds(11) > 1.09 * wave);
  CHECK(seconds(20) == Approx(2 * wave));
}

TEST_CASE("a product with little reuse takes the time of its bytes", "[formula]") {
  RooflineConstants constants;
  constants.memory_efficiency = 0.5;
  // 2 (mk + kn + mn) bytes at half of 1 TB/s
  const Gemm thin{.m = 1, .n = 4096, .k = 4096};
  CHECK(gemm_seconds(thin, 1e6, small_device(), constants) ==
        Approx(2.0 * (4096 + 4096.0 * 4096 + 4096) / 0.5e12));
}

TEST_CASE("mixed-precision Adam keeps 18 bytes per parameter, 16 with 2-byte gradients", "[formula]") {
  const auto bytes = [](const Strategy& strategy) {
    const StateBytes state = state_bytes(1000, strategy);
    return state.weights + state.gradients + state.optimizer;
  };
  CHECK(bytes({}) == 18000);
  CHECK(bytes({.gradient_bytes = 2}) == 16000);
  // ZeRO-1: 2 + 4 + 12/d
  CHECK(bytes({.data = 8, .zero1 = true}) == 6000 + 1500);
  CHECK(bytes({.data = 7, .zero1 = true}) == 6000 + 1715);  // rounded up
}

TEST_CASE("stages sum to the model", "[property]") {
  const Transformer model = preset("gpt-7.5b");
  const auto p = GENERATE(1, 2, 4);
  const auto v = GENERATE(1, 3);
  const Strategy strategy{.tensor = 4, .pipeline = p, .chunks = v, .micro_batch = 2};
  const ModelCosts costs = roofline_costs(model, strategy, dgx_a100(4));
  CAPTURE(p, v);
  CHECK(costs.stages.size() == static_cast<std::size_t>(p * v));
  CHECK(costs.hops.size() == static_cast<std::size_t>(p * v - 1));
  CHECK(sum(costs, &StageCost::model_flops) == Approx(2 * model_flops_per_sample(model)));

  const TransformerParts parts = transformer_parts(model, {.tensor = 4});
  const std::int64_t saved = saved_bytes_per_sample(parts.embedding, Recompute::None) +
                             36 * saved_bytes_per_sample(parts.layer, Recompute::None) +
                             saved_bytes_per_sample(parts.head, Recompute::None);
  CHECK(sum(costs, &StageCost::activation_bytes) == 2 * saved);
  // With more than one rank the tied table is there twice.
  const std::int64_t table = p > 1 ? 51200 / 4 * 4096 : 0;
  CHECK(sum(costs, &StageCost::weight_bytes) ==
        2 * (parameters(parts.embedding) + 36 * parameters(parts.layer) + parameters(parts.head) + table));
  for (const StageCost& stage : costs.stages) {
    CHECK(stage.weight_gradient_bytes <= stage.activation_bytes);
    CHECK(stage.forward > Duration{0});
    CHECK(stage.backward > stage.forward);
    CHECK(stage.input_gradient + stage.weight_gradient >= stage.backward - Duration{1});
  }
}

TEST_CASE("the embedding is on the first stage, the head on the last", "[property]") {
  const ModelCosts costs = roofline_costs(preset("gpt-145.6b"), {.tensor = 8, .pipeline = 8}, dgx_a100(8));
  const StageCost& middle = costs.stages[3];
  for (std::size_t g = 1; g < 7; ++g) CHECK(costs.stages[g].forward == middle.forward);
  CHECK(costs.stages.front().weight_bytes - middle.weight_bytes == 2 * (51200 / 8 + 2048) * 12288);
  // the table's copy and the final norm's scale and shift
  CHECK(costs.stages.back().weight_bytes - middle.weight_bytes == 2 * (51200 / 8 + 2) * 12288);
  CHECK(costs.stages.back().forward > middle.forward);
  CHECK(costs.stages.back().output_bytes == 0);
}

TEST_CASE("uneven layers make uneven stages", "[property]") {
  const ModelCosts costs =
      roofline_costs(preset("gpt-1.7b"), {.pipeline = 3, .layers = {4, 16, 4}}, dgx_a100(1));
  CHECK(costs.stages[1].forward > 2 * costs.stages[2].forward);
}

TEST_CASE("recomputation trades memory for time", "[property]") {
  Strategy strategy{.tensor = 8, .pipeline = 8, .micro_batch = 1};
  std::vector<StageCost> stages;
  for (const Recompute recompute : {Recompute::None, Recompute::Selective, Recompute::Full}) {
    strategy.recompute = recompute;
    stages.push_back(roofline_costs(preset("gpt-175b"), strategy, dgx_a100(8)).stages[1]);
  }
  CHECK(stages[0].activation_bytes > stages[1].activation_bytes);
  CHECK(stages[1].activation_bytes > stages[2].activation_bytes);
  CHECK(stages[0].backward < stages[1].backward);
  CHECK(stages[1].backward < stages[2].backward);
  // Full recomputation runs the whole forward again. Host and device overlap over the longer pass, so that both
  // together take no longer than one after the other (Minkowski's inequality), and hardly less.
  const Duration apart = stages[0].backward + stages[0].forward;
  CHECK(stages[2].backward <= apart + Duration{1});
  CHECK(stages[2].backward > apart - apart / 1000);
  CHECK(stages[2].activation_bytes == 12 * 2 * std::int64_t{2048} * 12288);
}

TEST_CASE("scatter-gather sends a share per device and gathers it in the node", "[formula]") {
  // Narayanan et al., SC'21, section 4.1: bytes over the network fall from bsh to bsh/t.
  const Transformer model = preset("gpt-175b");
  Strategy strategy{.tensor = 8, .pipeline = 8};
  const std::int64_t whole = 2 * std::int64_t{2048} * 12288;
  const ModelCosts parts = roofline_costs(model, strategy, dgx_a100(8));
  CHECK(parts.stages[0].output_bytes == whole / 8);
  strategy.scatter_gather = false;
  const ModelCosts full = roofline_costs(model, strategy, dgx_a100(8));
  CHECK(full.stages[0].output_bytes == whole);
  // 5 us + bytes / (0.9 * 25 GB/s)
  CHECK(to_seconds(full.hops[0]) == Approx(5e-6 + static_cast<double>(whole) / 22.5e9).epsilon(1e-6));
  CHECK(parts.hops[0] < full.hops[0]);
}

TEST_CASE("gradients of replicas are reduced, those of ZeRO-1 scattered and the weights gathered",
          "[formula]") {
  Strategy strategy{.tensor = 8, .data = 4};
  const Transformer model = preset("gpt-7.5b");
  const Cluster cluster = dgx_a100(4);
  const StageCost plain = roofline_costs(model, strategy, cluster).stages[0];
  const double gradients = static_cast<double>(plain.gradient_bytes);
  const Group group{.size = 4, .nodes = 4, .per_node = 1};
  CHECK(to_seconds(plain.gradient_reduction) ==
        Approx(collective_seconds(Collective::AllReduce, gradients, group, cluster)).epsilon(1e-6));

  strategy.zero1 = true;
  const StageCost shared = roofline_costs(model, strategy, cluster).stages[0];
  CHECK(to_seconds(shared.gradient_reduction) ==
        Approx(collective_seconds(Collective::ReduceScatter, gradients, group, cluster) +
               collective_seconds(Collective::AllGather, gradients / 2, group, cluster))
            .epsilon(1e-6));
  CHECK(shared.optimizer_bytes == (plain.optimizer_bytes + 3) / 4);
  CHECK(to_seconds(shared.optimizer) == Approx(to_seconds(plain.optimizer) / 4).epsilon(1e-6));

  strategy.hidden_reduction = 1;
  CHECK(roofline_costs(model, strategy, cluster).stages[0].gradient_reduction == Duration{0});
}

TEST_CASE("sequence parallelism hides its backward collectives and costs no more than without",
          "[property]") {
  Strategy strategy{.tensor = 8, .pipeline = 8, .recompute = Recompute::Selective};
  const StageCost without = roofline_costs(preset("gpt-175b"), strategy, dgx_a100(8)).stages[1];
  strategy.sequence_parallel = true;
  const StageCost with = roofline_costs(preset("gpt-175b"), strategy, dgx_a100(8)).stages[1];
  CHECK(with.backward < without.backward);
  CHECK(with.activation_bytes < without.activation_bytes);
}

TEST_CASE("the breakdown names every operator and its limits", "[property]") {
  const Strategy strategy{.tensor = 8, .micro_batch = 4};
  const auto costs = operator_costs(preset("gpt-22b"), strategy, dgx_a100(1));
  double flops = 0;
  for (const OperatorCost& cost : costs) {
    CAPTURE(cost.name);
    CHECK(cost.forward.device_seconds >= cost.forward.flops_seconds);
    CHECK((cost.kernel == KernelClass::Collective ||
           cost.forward.device_seconds >= cost.forward.bytes_seconds));
    flops += static_cast<double>(cost.times) * cost.forward.flops_seconds;
  }
  // A third of the model's FLOPs, on 8 devices of 312 TFLOP/s.
  CHECK(flops == Approx(4 * model_flops_per_sample(preset("gpt-22b")) / 3 / 8 / 312e12));
}

}  // namespace stagecraft
