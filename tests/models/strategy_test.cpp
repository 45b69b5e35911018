#include <catch2/catch.hpp>
#include <functional>

#include "models/catalog.h"
#include "models/collectives.h"
#include "models/model_error.h"
#include "models/strategy.h"

namespace stagecraft {
namespace {

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ModelError& error) {
    return error.setting + ": " + error.what();
  }
  return "no error";
}

/// 2 nodes of 4 devices; 100 GB/s and 1 us inside, 10 GB/s and 10 us between; nothing lost.
Cluster round_numbers() {
  return {.name = "round",
          .nodes = 2,
          .devices_per_node = 4,
          .intra = {.name = "in", .latency = Duration{1000}, .bandwidth = {100e9}},
          .inter = {.name = "out", .latency = Duration{10000}, .bandwidth = {10e9}}};
}
constexpr CollectiveConstants kIdeal{.intra_efficiency = 1, .inter_efficiency = 1, .start = Duration{0}};

}  // namespace

TEST_CASE("layers are shared equally or as listed", "[formula]") {
  Transformer model;
  model.layers = 12;
  CHECK(layers_of_stages(model, {.pipeline = 3, .chunks = 2}) == std::vector{2, 2, 2, 2, 2, 2});
  CHECK(layers_of_stages(model, {.pipeline = 3, .layers = {5, 4, 3}}) == std::vector{5, 4, 3});
}

TEST_CASE("layers that do not divide are refused with both numbers", "[error]") {
  Transformer model;
  model.layers = 48;
  CHECK(message_of([&] { layers_of_stages(model, {.pipeline = 7}); }) ==
        "parallel.pipeline: 48 layers do not divide into 7 pipeline stages");
  CHECK(message_of([&] { layers_of_stages(model, {.pipeline = 4, .chunks = 5}); }) ==
        "parallel.chunks: 48 layers do not divide into 20 stages (4 ranks x 5 chunks)");
  CHECK(message_of([&] {
          layers_of_stages(model, {.pipeline = 3, .layers = {24, 24}});
        }) == "parallel.layers: layers are given for 2 stages, but there are 3");
  CHECK(message_of([&] {
          layers_of_stages(model, {.pipeline = 2, .layers = {24, 23}});
        }) == "parallel.layers: stages of 24 + 23 layers do not add up to the model's 48");
}

TEST_CASE("a strategy that cannot be is refused with its numbers", "[error]") {
  const Cluster cluster = round_numbers();
  CHECK(message_of([&] { check(Strategy{.tensor = 4, .pipeline = 2}, cluster); }) == "no error");
  CHECK(message_of([&] { check(Strategy{.tensor = 4, .pipeline = 2, .data = 2}, cluster); }) ==
        "parallel: tensor 4 x pipeline 2 x data 2 needs 16 devices, but round has 8 (2 nodes of 4)");
  CHECK(message_of([&] { check(Strategy{.pipeline = 0}, cluster); }) ==
        "parallel.pipeline: 'pipeline' must be at least 1, got 0");
  CHECK(message_of([&] { check(Strategy{.micro_batch = -1}, cluster); }) ==
        "parallel.micro_batch: 'micro_batch' must be at least 1, got -1");
  CHECK(message_of([&] { check(Strategy{.gradient_bytes = 3}, cluster); }) ==
        "parallel.gradient_bytes: a gradient has 2 or 4 bytes, not 3");
  CHECK(message_of([&] { check(Strategy{.hidden_reduction = 1.5}, cluster); }) ==
        "parallel.hidden_reduction: 'hidden_reduction' must be between 0 and 1, got 1.5");
}

TEST_CASE("tensor ranks are innermost, then data, then pipeline", "[formula]") {
  const Placement placement{.tensor = 2, .data = 3, .pipeline = 2, .devices_per_node = 4};
  CHECK(placement.device(1, 0, 0) == 1);
  CHECK(placement.device(0, 1, 0) == 2);
  CHECK(placement.device(0, 0, 1) == 6);
  CHECK(placement.node(placement.device(1, 2, 1)) == 2);
}

TEST_CASE("groups know how many nodes they cross and how many members each has", "[formula]") {
  // Two nodes of four: t = 2, d = 2, p = 2: rank 0 fills node 0.
  const Placement packed{.tensor = 2, .data = 2, .pipeline = 2, .devices_per_node = 4};
  CHECK(tensor_group(packed, 0) == Group{2, 1, 2});
  CHECK(data_group(packed, 1) == Group{2, 1, 2});
  CHECK(crosses_nodes(packed, 0, 1));
  // t = 2, d = 4 over both nodes: two members of each data group on a node.
  const Placement wide{.tensor = 2, .data = 4, .pipeline = 1, .devices_per_node = 4};
  CHECK(data_group(wide, 0) == Group{4, 2, 2});
  // t = 3 does not fit nodes of four: devices 3, 4 and 5 lie on both.
  const Placement odd{.tensor = 3, .data = 2, .pipeline = 1, .devices_per_node = 4};
  CHECK(tensor_group(odd, 0) == Group{3, 2, 1});
  // Four pipeline ranks of one device on one node never leave it.
  CHECK_FALSE(crosses_nodes({.tensor = 1, .data = 1, .pipeline = 4, .devices_per_node = 4}, 0, 3));
}

TEST_CASE("collectives inside a node are alpha-beta rings", "[formula]") {
  const Cluster cluster = round_numbers();
  const Group group{4, 1, 4};
  const double bytes = 1e9;
  // all-gather: (n-1) a + (n-1)/n S / b
  CHECK(collective_seconds(Collective::AllGather, bytes, group, cluster, kIdeal) ==
        Approx(3e-6 + 0.75 * 0.01));
  CHECK(collective_seconds(Collective::ReduceScatter, bytes, group, cluster, kIdeal) ==
        Approx(3e-6 + 0.75 * 0.01));
  // all-reduce: both
  CHECK(collective_seconds(Collective::AllReduce, bytes, group, cluster, kIdeal) ==
        Approx(6e-6 + 1.5 * 0.01));
}

TEST_CASE("small all-reduces take the tree: 2 ceil(log2 n) a + 2S / b", "[formula]") {
  const Cluster cluster = round_numbers();
  CHECK(collective_seconds(Collective::AllReduce, 1000, {64, 16, 4}, cluster, kIdeal) ==
        Approx(2 * 6 * 10e-6 + 2 * 1000 / 40e9));
  // log2 of sizes around a power of two, where one step more or less shows
  for (const auto& [size, depth] :
       {std::pair{3, 2}, {4, 2}, {5, 3}, {8, 3}, {9, 4}, {1024, 10}, {1025, 11}}) {
    CAPTURE(size);
    CHECK(collective_seconds(Collective::AllReduce, 0, {size, size, 1}, cluster, kIdeal) ==
          Approx(2 * std::min(depth, size - 1) * 10e-6));
  }
}

TEST_CASE("across nodes a ring has as many network cards as members on a node", "[formula]") {
  const Cluster cluster = round_numbers();
  // 8 devices, 4 on each node: 4 cards of 10 GB/s
  CHECK(collective_seconds(Collective::AllReduce, 1e9, {8, 2, 4}, cluster, kIdeal) ==
        Approx(14 * 10e-6 + 2 * 7.0 / 8 * 1e9 / 40e9));
  // one member per node: one card
  CHECK(collective_seconds(Collective::AllReduce, 1e9, {2, 2, 1}, cluster, kIdeal) ==
        Approx(2 * 10e-6 + 1e9 / 10e9));
}

TEST_CASE("a group of one and no collective take no time", "[formula]") {
  CHECK(collective_seconds(Collective::AllReduce, 1e9, {1, 1, 1}, round_numbers()) == 0);
  CHECK(collective_seconds(Collective::None, 1e9, {8, 1, 8}, round_numbers()) == 0);
}

TEST_CASE("a message takes latency + bytes / bandwidth", "[formula]") {
  CHECK(message_seconds(1e9, false, round_numbers(), kIdeal) == Approx(1e-6 + 0.01));
  CHECK(message_seconds(1e9, true, round_numbers(), kIdeal) == Approx(10e-6 + 0.1));
}

TEST_CASE("only devices that the constants were fitted on need no note", "[property]") {
  for (const auto& device : device_presets()) {
    CAPTURE(device.name);
    CHECK(!device.note.empty());
    const bool fitted = device.name.substr(0, 4) == "a100";
    CHECK((device.note == kFittedHere) == fitted);
    CHECK(constants_note(device.value).empty() == fitted);
  }
  Device device = find_preset(device_presets(), "h200")->value;
  CHECK(constants_note(device) ==
        "h200: datasheet peaks with efficiencies fitted on A100; not compared with measurements");
  device = find_preset(device_presets(), "a100-80")->value;
  device.half.per_second *= 2;
  CHECK(constants_note(device) ==
        "a device of the scenario's own: efficiencies fitted on A100; not compared with measurements");
}

TEST_CASE("catalog entries are named once, sourced and usable", "[property]") {
  std::vector<std::string_view> names;
  for (const auto& model : model_presets()) {
    CAPTURE(model.name);
    CHECK(model.value.name == model.name);
    CHECK(!model.summary.empty());
    CHECK(!model.source.empty());
    CHECK_NOTHROW(check(model.value));
    names.push_back(model.name);
  }
  for (const auto& device : device_presets()) {
    CAPTURE(device.name);
    CHECK(!device.source.empty());
    CHECK(device.value.half.per_second >= 125e12);
    CHECK(device.value.bandwidth.per_second >= 600e9);
    CHECK(device.value.memory.count >= std::int64_t{16} << 30);
    CHECK(device.value.processors >= 72);
    names.push_back(device.name);
  }
  for (const auto& link : link_presets()) {
    CAPTURE(link.name);
    CHECK(link.value.bandwidth.per_second >= 10e9);
    CHECK(link.value.latency > Duration{0});
    names.push_back(link.name);
  }
  for (const auto& cluster : cluster_presets()) {
    CAPTURE(cluster.name);
    CHECK(cluster.value.devices() >= 6);
    CHECK(cluster.value.intra.bandwidth.per_second > cluster.value.inter.bandwidth.per_second);
    CHECK(find_preset(device_presets(), cluster.value.device.name) != nullptr);
    names.push_back(cluster.name);
  }
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  CHECK(find_preset(model_presets(), "gpt-5") == nullptr);
}

}  // namespace stagecraft
