#include <catch2/catch.hpp>

#include "models/catalog.h"
#include "models/roofline.h"

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

using Ranks = std::vector<int>;

ModelCosts costs(const Strategy& strategy, const Cluster& cluster, const Ranks& rank_of_stage = {}) {
  return roofline_costs(preset("gpt-7.5b"), strategy, cluster, {}, rank_of_stage);
}

/// Bytes of the gradients of GPT 7.5B's table of 51,200 x 4,096, shared by `tensor` devices.
double table_gradients(int tensor) {
  return 4.0 * 51200 * 4096 / tensor;
}

}  // namespace

TEST_CASE("without a placement stage g is on rank g mod p", "[property]") {
  const Strategy strategy{.tensor = 8, .pipeline = 2, .chunks = 3};
  const ModelCosts usual = costs(strategy, dgx_a100(2));
  const ModelCosts said = costs(strategy, dgx_a100(2), {0, 1, 0, 1, 0, 1});
  CHECK(usual.hops == said.hops);
  for (std::size_t g = 0; g < 6; ++g) {
    CHECK(usual.stages[g].forward == said.stages[g].forward);
    CHECK(usual.stages[g].weight_bytes == said.stages[g].weight_bytes);
    CHECK(usual.stages[g].gradient_reduction == said.stages[g].gradient_reduction);
  }
}

TEST_CASE("a V shape has embedding and head on one rank: no second table, no sum, no middle hop",
          "[formula]") {
  const Strategy strategy{.tensor = 8, .pipeline = 2, .chunks = 2};
  const ModelCosts round = costs(strategy, dgx_a100(2), {0, 1, 0, 1});
  const ModelCosts v = costs(strategy, dgx_a100(2), {0, 1, 1, 0});
  CHECK(round.stages[3].weight_bytes - v.stages[3].weight_bytes == 2 * 51200 / 8 * 4096);
  CHECK(v.stages[0].gradient_reduction == Duration{0});
  CHECK(v.stages[3].gradient_reduction == Duration{0});
  // Over two nodes: both ends sum the table's gradients.
  const double sum = collective_seconds(Collective::AllReduce, table_gradients(8), {2, 2, 1}, dgx_a100(2));
  CHECK(to_seconds(round.stages[0].gradient_reduction) == Approx(sum).epsilon(1e-6));
  CHECK(to_seconds(round.stages[3].gradient_reduction) == Approx(sum).epsilon(1e-6));
  CHECK(v.hops == std::vector{round.hops[0], Duration{0}, round.hops[2]});
  CHECK(round.hops[1] > Duration{0});
}

TEST_CASE("hops and the table's sum cross nodes where their ranks do", "[formula]") {
  // Two ranks on each of two nodes.
  const Strategy strategy{.tensor = 4, .pipeline = 4};
  const ModelCosts usual = costs(strategy, dgx_a100(2));
  const Duration inside = usual.hops[0], across = usual.hops[1];
  CHECK(inside < across);
  CHECK(usual.hops == std::vector{inside, across, inside});
  CHECK(costs(strategy, dgx_a100(2), {0, 2, 1, 3}).hops == std::vector{across, across, across});

  const ModelCosts near = costs(strategy, dgx_a100(2), {0, 2, 3, 1});
  CHECK(near.hops == std::vector{across, inside, across});
  CHECK(to_seconds(near.stages[0].gradient_reduction) ==
        Approx(collective_seconds(Collective::AllReduce, table_gradients(4), {2, 1, 2}, dgx_a100(2)))
            .epsilon(1e-6));
}

TEST_CASE("a stage pays for the tensor group of the rank that it is on", "[property]") {
  // Nodes of three: the devices of rank 0 are 0 and 1 on one node, those of rank 1 lie on two.
  Cluster cluster = dgx_a100(2);
  cluster.devices_per_node = 3;
  const Strategy strategy{.tensor = 2, .pipeline = 3};
  const ModelCosts usual = costs(strategy, cluster);
  const ModelCosts turned = costs(strategy, cluster, {1, 0, 2});
  CHECK(usual.stages[1].forward > usual.stages[0].forward);
  CHECK(turned.stages[0].forward > usual.stages[0].forward);
  CHECK(turned.stages[1].forward < usual.stages[1].forward);
  CHECK(turned.stages[2].forward == usual.stages[2].forward);
}

}  // namespace stagecraft
