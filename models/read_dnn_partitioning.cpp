// dnn-partitioning's JSON; see profiled_readers.h.
#include "base/json_tree.h"
#include "models/graph_builder.h"
#include "models/graph_json.h"
#include "models/profiled_readers.h"

namespace stagecraft {

namespace {

constexpr double kMostMilliseconds = kMostGraphSeconds * 1e3;

/// 0 or 1, false or true.
bool flag(const JsonValue& object, std::string_view key) {
  const JsonValue value = object.member(key);
  if (value.kind() == JsonValue::Kind::Boolean) return value.text() == "true";
  const std::int64_t number = value.integer(key);
  if (number == 0 || number == 1) return number == 1;
  throw InputError(value.place(), fmt::format("'{}' must be 0 or 1, got '{}'", key, number));
}

/// Missing, null and -1 are no colour.
std::int64_t colour_of(const JsonValue& object) {
  const auto value = object.find("colorClass");
  if (!value || value->kind() == JsonValue::Kind::Null) return -1;
  const std::int64_t colour = value->integer("colorClass");
  if (colour < -1)
    throw InputError(value->place(), fmt::format("'colorClass' must be at least -1, got '{}'", colour));
  return colour;
}

void read_node(const JsonValue& json, ProfiledNode& node) {
  const auto amount = [&](std::string_view key, double most) { return json.member(key).amount(key, most); };
  node.is_gradient = flag(json, "isBackwardNode");
  node.needs_cpu = !flag(json, "supportedOnFpga");
  (node.is_gradient ? node.backward : node.forward) = amount("fpgaLatency", kMostMilliseconds);
  node.cpu_time = amount("cpuLatency", kMostMilliseconds);
  node.memory_bytes = amount("size", kMostGraphBytes);
  node.colour = colour_of(json);
}

}  // namespace

ProfiledGraph parse_dnn_partitioning(std::string text, const std::string& name) {
  return dnn_partitioning_graph(parse_json(std::move(text), name), name);
}

ProfiledGraph dnn_partitioning_graph(const JsonValue& root, const std::string& name) {
  GraphBuilder builder;
  ProfiledGraph& graph = builder.graph;
  graph.unit = GraphTime::Milliseconds;
  graph.devices.accelerators = count_or_0(root, "maxFPGAs");
  graph.devices.cpus = count_or_0(root, "maxCPUs");
  graph.devices.memory_bytes = amount_or_0(root, "maxSizePerFPGA", kMostGraphBytes);
  read_json_nodes(root, builder, read_node);
  read_json_edges(root, builder, [](const JsonValue& json, ProfiledEdge& edge) {
    edge.time = json.member("cost").amount("cost", kMostMilliseconds);
    edge.bytes = amount_or_0(json, "size", kMostGraphBytes);
  });
  builder.outputs_from_edges();
  return builder.finish(name);
}

}  // namespace stagecraft
