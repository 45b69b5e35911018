#include "models/profiled_readers.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "base/random.h"
#include "random_graph.h"

using namespace stagecraft;

namespace {

constexpr const char* kPipedream =
    "node2 -- LSTM(1024, 1024) -- forward_compute_time=6.887, backward_compute_time=13.549, "
    "activation_size=[13107200.0; 524288.0; 524288.0], parameter_size=33587200.000\n"
    "\tnode1 -- node2\n"
    "\n"
    "node1 -- Input0 -- forward_compute_time=0.000, backward_compute_time=0.000, activation_size=0.0, "
    "parameter_size=0.000 -- stage_id=3\n";

constexpr const char* kPiper = R"({
  "maxDevices": 10, "maxMemoryPerDevice": 80000000000.0, "bandwidth": 25000000000.0, "mbsInBatch": 1920,
  "nodes": [
    {"id": 4, "name": "Embedding", "TMPCs": {
      "2": [{"id": "vanilla", "timePerSample": 0.25, "parameterSize": 50, "memoryUsageA": 7,
             "memoryUsageB": 100, "syncTimeFw": {}, "syncTimeBw": {"1": 64.5}}],
      "1": [{"id": "activation recomp", "timePerSample": 0.75, "parameterSize": 100, "memoryUsageA": 3,
             "memoryUsageB": 204, "syncTimeFw": {}, "syncTimeBw": {"1": 0}},
            {"id": "vanilla", "timePerSample": 0.5, "parameterSize": 100, "memoryUsageA": 7,
             "memoryUsageB": 200, "syncTimeFw": {}, "syncTimeBw": {"1": 0}}]}},
    {"id": 1, "TMPCs": {
      "1": [{"id": "vanilla", "timePerSample": 0.1, "parameterSize": 0, "memoryUsageA": 1,
             "memoryUsageB": 0, "syncTimeFw": {"4": 12}, "syncTimeBw": {}}]}}],
  "edges": [{"sourceId": 4, "destId": 1, "communicationCost": 32.0}]
})";

constexpr const char* kDnnPartitioning = R"({"maxSizePerFPGA": 17185374208.0, "maxFPGAs": 6, "maxCPUs": 1,
  "nodes": [
    {"name": "node3", "id": 3, "supportedOnFpga": 1, "cpuLatency": 6.96, "fpgaLatency": 0.696,
     "isBackwardNode": 0, "colorClass": 3, "size": 131325952.0, "layerId": 9},
    {"id": 34, "supportedOnFpga": 0, "cpuLatency": 47.78, "fpgaLatency": 4.778, "isBackwardNode": 1,
     "size": 8}],
  "edges": [{"sourceId": 3, "destId": 34, "cost": 0.25, "size": 4194304.0}]})";

constexpr const char* kYaml =
    "stagecraft_graph: 1\n"
    "name: two towers\n"
    "time_unit: ms\n"
    "devices: {accelerators: 8, memory: 16 GiB, bandwidth: 25 GB/s, micro_batches: 32}\n"
    "nodes:\n"
    "  - {id: text, description: Linear, forward: 1.5 ms, backward: 3000 us, output: 4 MiB, parameters: 64 "
    "MiB}\n"
    "  - {id: image, forward: 0.1 ms, output: 8 MiB, variants: [{tensor: 2, time: 1 s, exchanged: [5 B]}]}\n"
    "  - {id: loss}\n"
    "edges:\n"
    "  - {from: text, to: loss}\n"
    "  - {from: image, to: loss, bytes: 1 MiB, time: 20 us}\n";

}  // namespace

TEST_CASE("PipeDream's graph.txt: lists are added up, edges may stand before nodes") {
  const ProfiledGraph graph = parse_pipedream(kPipedream, "graph.txt");
  REQUIRE(graph.nodes.size() == 2);
  CHECK(graph.unit == GraphTime::Milliseconds);
  CHECK_FALSE(graph.both_passes);
  CHECK(graph.nodes[0] == ProfiledNode{.id = "node2",
                                       .description = "LSTM(1024, 1024)",
                                       .forward = 6.887,
                                       .backward = 13.549,
                                       .output_bytes = 14155776,
                                       .parameter_bytes = 33587200});
  CHECK(graph.nodes[1] == ProfiledNode{.id = "node1", .description = "Input0", .stage = 3});
  CHECK(graph.edges == std::vector<ProfiledEdge>{{.from = 1, .to = 0}});
  CHECK(graph.seconds(graph.nodes[0].time()) == (6.887 + 13.549) / 1000.0);
}

TEST_CASE("a description in graph.txt may hold what separates it") {
  const ProfiledGraph graph = parse_pipedream(
      "n -- a -- b -- forward_compute_time=1, backward_compute_time=2, activation_size=3, "
      "parameter_size=4\r\n",
      "graph.txt");
  CHECK(graph.nodes[0].description == "a -- b");
}

TEST_CASE("Piper's JSON: ways to run a node by degree and recomputation") {
  const ProfiledGraph graph = parse_piper(kPiper, "g.json");
  CHECK(graph.unit == GraphTime::Seconds);
  CHECK(graph.both_passes);
  CHECK(
      graph.devices ==
      ProfiledDevices{.accelerators = 10, .memory_bytes = 8e10, .bytes_per_s = 25e9, .micro_batches = 1920});
  CHECK(graph.nodes[0] == ProfiledNode{.id = "4",
                                       .description = "Embedding",
                                       .forward = 0.5,
                                       .output_bytes = 32,
                                       .parameter_bytes = 100,
                                       .variants = 3});
  CHECK(graph.edges == std::vector<ProfiledEdge>{{.from = 0, .to = 1, .bytes = 32}});
  REQUIRE(graph.variants_of(0).size() == 3);
  CHECK(graph.variants_of(0)[0] == ProfiledVariant{.node = 0,
                                                   .tensor = 2,
                                                   .name = "vanilla",
                                                   .time = 0.25,
                                                   .parameter_bytes = 50,
                                                   .microbatch_bytes = 7,
                                                   .fixed_bytes = 100});
  CHECK(graph.variants_of(0)[1].recompute);
  CHECK(graph.variants_of(1)[0].first_sync == 3);
  CHECK(graph.sync_bytes == std::vector<double>{64.5, 0, 0, 12});
}

TEST_CASE("dnn-partitioning's JSON: passes are nodes of their own") {
  const ProfiledGraph graph = parse_dnn_partitioning(kDnnPartitioning, "g.json");
  CHECK(graph.devices == ProfiledDevices{.accelerators = 6, .cpus = 1, .memory_bytes = 17185374208.0});
  CHECK(graph.nodes[0] == ProfiledNode{.id = "3",
                                       .description = "node3",
                                       .forward = 0.696,
                                       .output_bytes = 4194304,
                                       .memory_bytes = 131325952,
                                       .cpu_time = 6.96,
                                       .colour = 3});
  CHECK(graph.nodes[1] == ProfiledNode{.id = "34",
                                       .backward = 4.778,
                                       .memory_bytes = 8,
                                       .cpu_time = 47.78,
                                       .is_gradient = true,
                                       .needs_cpu = true});
  CHECK(graph.edges == std::vector<ProfiledEdge>{{.from = 0, .to = 1, .bytes = 4194304, .time = 0.25}});
}

TEST_CASE("our own YAML has units, and an edge carries its node's output") {
  const ProfiledGraph graph = parse_graph_yaml(kYaml, "g.yaml");
  CHECK(graph.name == "two towers");
  CHECK(graph.nodes[0].forward == 1.5);
  CHECK(graph.nodes[0].backward == 3);
  CHECK(graph.nodes[1].forward == 0.1);
  CHECK(graph.devices ==
        ProfiledDevices{
            .accelerators = 8, .memory_bytes = 17179869184.0, .bytes_per_s = 25e9, .micro_batches = 32});
  CHECK(graph.edges == std::vector<ProfiledEdge>{{.from = 0, .to = 2, .bytes = 4194304},
                                                 {.from = 1, .to = 2, .bytes = 1048576, .time = 0.02}});
  CHECK(graph.variants == std::vector<ProfiledVariant>{{.node = 1, .tensor = 2, .time = 1000}});
  CHECK(graph.sync_bytes == std::vector<double>{5});
}

TEST_CASE("the format of a graph is known by its content") {
  for (const char* text : {kPipedream, kPiper, kDnnPartitioning, kYaml}) {
    const ProfiledGraph graph = parse_profiled_graph(text, "graph");
    CHECK(graph.edges.size() == graph.nodes.size() - 1);
    CHECK(parse_profiled_graph(to_yaml(graph), "again.yaml") == graph);
  }
  CHECK(parse_profiled_graph("# by hand\n---\n{stagecraft_graph: 1, nodes: [{id: a}]}", "g").nodes.size() ==
        1);
}

TEST_CASE("a graph written as YAML reads back the same", "[property]") {
  RandomStream random(7, "profiled yaml");
  for (int round = 0; round < 100; ++round) {
    const ProfiledGraph graph = random_graph(random, 1 + static_cast<int>(random.below(20)));
    REQUIRE(parse_graph_yaml(to_yaml(graph), "g.yaml") == graph);
  }
}

TEST_CASE("a graph.txt of 200,000 nodes in a row is read") {
  constexpr int kNodes = 200'000;
  std::string text;
  for (int v = 0; v < kNodes; ++v)
    text += fmt::format(
        "node{} -- A -- forward_compute_time=1, backward_compute_time=2, activation_size=4, "
        "parameter_size=8\n\tnode{} -- node{}\n",
        v, v, v == 0 ? 1 : v - 1);
  text.erase(text.find("\tnode0 -- node1\n"), 16);
  const ProfiledGraph graph = parse_profiled_graph(std::move(text), "long.txt");
  const GraphShape shape = shape_of(graph);
  CHECK(shape.depth == kNodes);
  CHECK(shape.components == 1);
  CHECK(totals(graph).backward == 2.0 * kNodes);
}
