// Every published graph at hand, against counts made without our code: awk over graph.txt, python's json over
// the rest. Sums of times are compared exactly where python added the same numbers in the same order.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "models/profiled_readers.h"

using namespace stagecraft;

namespace {

/// A graph of the data folder; without that, an empty one, and the test is listed as skipped.
ProfiledGraph published(const std::string& file) {
  const char* folder = std::getenv("STAGECRAFT_DATA");
  if (folder != nullptr) return read_profiled_graph(std::string(folder) + "/graphs/" + file);
  WARN("skipped: STAGECRAFT_DATA is not set");
  return {};
}

void check_counts(const ProfiledGraph& graph, std::size_t nodes, std::size_t edges, const GraphShape& shape) {
  CHECK(graph.nodes.size() == nodes);
  CHECK(graph.edges.size() == edges);
  const GraphShape found = shape_of(graph);
  CHECK(found.sources == shape.sources);
  CHECK(found.sinks == shape.sinks);
  CHECK(found.components == shape.components);
  CHECK(parse_graph_yaml(to_yaml(graph), "again.yaml") == graph);
}

double sum_of(const ProfiledGraph& graph, double ProfiledVariant::*member, bool recompute, int tensor) {
  double sum = 0;
  for (const ProfiledVariant& variant : graph.variants)
    if (variant.recompute == recompute && variant.tensor == tensor) sum += variant.*member;
  return sum;
}

/// Sources, sinks and parts.
GraphShape ends(int sources, int sinks, int components = 1) {
  return {.sources = sources, .sinks = sinks, .components = components};
}

}  // namespace

// grep -c '^node' FILE; grep -c '^<TAB>' FILE; and the sum of each number of the lines '^node' (lists added
// up): awk -F'forward_compute_time=' '/^node/ {s += $2} END {printf "%.3f\n", s}' FILE, likewise the others.
TEST_CASE("PipeDream's published graphs are read", "[oracle]") {
  struct Published {
    const char* file;
    std::size_t nodes, edges;
    GraphShape shape;
    double forward, backward, parameters;
  };
  const Published files[] = {{"gnmt_large", 96, 122, ends(4, 17), 182.563, 337.890, 1110870272},
                             {"inception_v3", 326, 362, ends(1, 2), 310.969, 399.769, 108645056},
                             {"vgg16", 41, 41, ends(1, 1), 251.874, 438.633, 553430176}};
  for (const Published& expected : files) {
    CAPTURE(expected.file);
    const ProfiledGraph graph = published(std::string("pipedream/") + expected.file + ".txt");
    if (graph.nodes.empty()) return;
    check_counts(graph, expected.nodes, expected.edges, expected.shape);
    CHECK(totals(graph).forward == Approx(expected.forward).epsilon(1e-12));
    CHECK(totals(graph).backward == Approx(expected.backward).epsilon(1e-12));
    CHECK(totals(graph).parameter_bytes == expected.parameters);
  }
}

// python3 -c "import json; n = json.load(open(FILE))['nodes']
// print(sum(x['TMPCs']['1'][0]['timePerSample'] for x in n))", [1] for recomputation, likewise the other
// keys.
TEST_CASE("Piper's published graphs are read", "[oracle]") {
  const ProfiledGraph bert = published("piper/bert32a100.json");
  if (bert.nodes.empty()) return;
  check_counts(bert, 37, 67, ends(3, 1));
  CHECK(bert.variants.size() == 296);
  CHECK(totals(bert).forward == 0.9728639999999998);
  CHECK(totals(bert).parameter_bytes == 5879481600);
  CHECK(sum_of(bert, &ProfiledVariant::time, true, 1) == 1.3046470000000001);
  CHECK(sum_of(bert, &ProfiledVariant::microbatch_bytes, false, 1) == 19457540096);
  CHECK(sum_of(bert, &ProfiledVariant::fixed_bytes, false, 1) == 11758963200);
  double exchanged = 0;
  for (const double bytes : bert.sync_bytes) exchanged += bytes;
  CHECK(exchanged == 9449865216.0 + 9449865216.0);  // all syncTimeFw and all syncTimeBw
  CHECK(
      bert.devices ==
      ProfiledDevices{.accelerators = 10, .memory_bytes = 8e10, .bytes_per_s = 25e9, .micro_batches = 1920});

  const ProfiledGraph resnet = published("piper/resnet.json");
  check_counts(resnet, 177, 193, ends(1, 1));
  CHECK(totals(resnet).forward == 462.38100000000003);  // milliseconds in a format of seconds
  CHECK(totals(resnet).parameter_bytes == 102228128);
  CHECK(sum_of(resnet, &ProfiledVariant::microbatch_bytes, true, 1) == 1737785549.1600027);
}

// python3, as above: sums of fpgaLatency of nodes with isBackwardNode 0 and 1, of cpuLatency and size, and of
// cost and size over the edges.
TEST_CASE("dnn-partitioning's published graphs are read", "[oracle]") {
  const ProfiledGraph bert = published("dnn_partitioning/bert24_training.json");
  if (bert.nodes.empty()) return;
  check_counts(bert, 64, 110, ends(6, 4, 2));
  CHECK(totals(bert).forward == Approx(92.406).epsilon(1e-12));
  CHECK(totals(bert).backward == 125.40700000000001);
  CHECK(totals(bert).memory_bytes == 3649649184);
  double cost = 0, bytes = 0;
  for (const ProfiledEdge& edge : bert.edges) {
    cost += edge.time;
    bytes += edge.bytes;
  }
  CHECK(cost == 0.33443453907966614);
  CHECK(bytes == 943874128);

  const ProfiledGraph inception = published("dnn_partitioning/inceptionv3_inference.json");
  check_counts(inception, 326, 363, ends(1, 1));
  CHECK(totals(inception).forward == 310.96899999999977);
  CHECK(totals(inception).memory_bytes == 16795418824);
}
