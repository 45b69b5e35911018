// Our own YAML form of a profiled graph, written; see profiled_readers.h.
#include <fmt/format.h>

#include <algorithm>

#include "base/yaml.h"
#include "models/profiled_readers.h"

namespace stagecraft {

namespace {

/// One map in flow style. What is the default is left out.
class Line {
 public:
  Line& text(std::string_view key, const std::string& value) {
    return value.empty()
               ? *this
               : put(key, to_flow_yaml({.kind = Node::Kind::Scalar, .text = value, .quoted = true}));
  }
  Line& amount(std::string_view key, double value, std::string_view unit) {
    return value == 0 ? *this : put(key, fmt::format("{} {}", value, unit));
  }
  Line& bytes(std::string_view key, double value) { return amount(key, value, "B"); }
  Line& number(std::string_view key, std::int64_t value, std::int64_t otherwise) {
    return value == otherwise ? *this : put(key, fmt::format("{}", value));
  }
  Line& truth(std::string_view key, bool value) { return value ? put(key, "true") : *this; }
  Line& put(std::string_view key, std::string_view yaml) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", key, yaml);
    return *this;
  }
  std::string done() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string variant_text(const ProfiledGraph& graph, const ProfiledVariant& variant, std::size_t edges) {
  Line line;
  line.number("tensor", variant.tensor, 0)
      .truth("recompute", variant.recompute)
      .text("name", variant.name)
      .amount("time", variant.time, name(graph.unit))
      .bytes("parameters", variant.parameter_bytes)
      .bytes("per_microbatch", variant.microbatch_bytes)
      .bytes("fixed", variant.fixed_bytes);
  const auto sync = std::span(graph.sync_bytes).subspan(variant.first_sync, edges);
  if (std::all_of(sync.begin(), sync.end(), [](double bytes) { return bytes == 0; })) return line.done();
  std::string list;
  for (const double bytes : sync) list += fmt::format("{}{} B", list.empty() ? "" : ", ", bytes);
  return line.put("exchanged", "[" + list + "]").done();
}

std::string node_text(const ProfiledGraph& graph, const GraphIndex& index, int v) {
  const ProfiledNode& node = graph.nodes[static_cast<std::size_t>(v)];
  Line line;
  line.text("id", node.id)
      .text("description", node.description)
      .amount("forward", node.forward, name(graph.unit))
      .amount("backward", node.backward, name(graph.unit))
      .bytes("output", node.output_bytes)
      .bytes("parameters", node.parameter_bytes)
      .bytes("memory", node.memory_bytes)
      .amount("cpu", node.cpu_time, name(graph.unit))
      .number("colour", node.colour, -1)
      .number("stage", node.stage, -1)
      .truth("gradient", node.is_gradient)
      .truth("needs_cpu", node.needs_cpu);
  if (node.variants == 0) return line.done();
  const std::size_t edges = index.incoming(v).size() + index.outgoing(v).size();
  std::string list;
  for (const ProfiledVariant& variant : graph.variants_of(v))
    list += (list.empty() ? "" : ",\n      ") + variant_text(graph, variant, edges);
  return line.put("variants", "[\n      " + list + "]").done();
}

std::string edge_text(const ProfiledGraph& graph, const ProfiledEdge& edge) {
  const ProfiledNode& from = graph.nodes[static_cast<std::size_t>(edge.from)];
  Line line;
  line.text("from", from.id).text("to", graph.nodes[static_cast<std::size_t>(edge.to)].id);
  if (edge.bytes != from.output_bytes) line.put("bytes", fmt::format("{} B", edge.bytes));
  return line.amount("time", edge.time, name(graph.unit)).done();
}

std::string devices_text(const ProfiledDevices& devices) {
  return Line()
      .number("accelerators", devices.accelerators, 0)
      .number("cpus", devices.cpus, 0)
      .bytes("memory", devices.memory_bytes)
      .amount("bandwidth", devices.bytes_per_s, "B/s")
      .number("micro_batches", devices.micro_batches, 0)
      .done();
}

}  // namespace

std::string to_yaml(const ProfiledGraph& graph) {
  std::string text = "stagecraft_graph: 1\n";
  if (!graph.name.empty())
    text += fmt::format("name: {}\n",
                        to_flow_yaml({.kind = Node::Kind::Scalar, .text = graph.name, .quoted = true}));
  text += fmt::format("time_unit: {}\n", name(graph.unit));
  if (graph.both_passes) text += "both_passes: true\n";
  if (graph.devices != ProfiledDevices{}) text += fmt::format("devices: {}\n", devices_text(graph.devices));
  text += "nodes:\n";
  const GraphIndex index = index_of(graph);
  for (int v = 0; v < index.nodes(); ++v) text += fmt::format("  - {}\n", node_text(graph, index, v));
  if (!graph.edges.empty()) text += "edges:\n";
  for (const ProfiledEdge& edge : graph.edges) text += fmt::format("  - {}\n", edge_text(graph, edge));
  return text;
}

}  // namespace stagecraft
