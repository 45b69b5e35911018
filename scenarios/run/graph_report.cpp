#include "scenarios/run/graph_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/json.h"
#include "base/quantity.h"
#include "base/text.h"

namespace stagecraft {

namespace {

/// Layers of a micro-batch that take longer than this on average were most likely timed in milliseconds.
constexpr double kLongNode = 0.5;

std::string time_text(const ProfiledGraph& graph, const GraphTotals& sums) {
  const std::string whole = seconds_for_people(graph.seconds(sums.forward + sums.backward));
  if (graph.both_passes) return fmt::format("{:<15}forward and backward together", whole);
  return fmt::format("{:<15}forward {}, backward {}", whole, seconds_for_people(graph.seconds(sums.forward)),
                     seconds_for_people(graph.seconds(sums.backward)));
}

std::string output_text(const ProfiledGraph& graph, const GraphTotals& sums) {
  const ProfiledNode& node = graph.nodes[static_cast<std::size_t>(sums.largest_output)];
  return fmt::format("{:<15}the largest, {}{}{}", bytes_for_people(node.output_bytes), printable(node.id),
                     node.description.empty() ? "" : " ", printable(node.description));
}

std::string shape_text(const GraphShape& shape) {
  return fmt::format("{:<15}at least {} wide, {}, {}, {}", fmt::format("{} deep", shape.depth), shape.width,
                     counted(shape.sources, "source"), counted(shape.sinks, "sink"),
                     shape.components == 1
                         ? "connected"
                         : fmt::format("{} that nothing connects", counted(shape.components, "part")));
}

std::string variants_text(const ProfiledGraph& graph) {
  std::set<int> degrees;
  bool with = false, without = false;
  for (const ProfiledVariant& variant : graph.variants) {
    degrees.insert(variant.tensor);
    (variant.recompute ? with : without) = true;
  }
  return fmt::format("{:<15}tensor-parallel degree {}; {} recomputation",
                     counted(static_cast<std::int64_t>(graph.variants.size()), "way"),
                     fmt::join(degrees, ", "),
                     with && without ? "with and without"
                     : with          ? "with"
                                     : "without");
}

std::string devices_text(const ProfiledDevices& devices) {
  std::string text = devices.accelerators > 0 ? counted(devices.accelerators, "accelerator") : "";
  const char* between = text.empty() ? "" : ", ";
  const auto add = [&](const std::string& part) {
    text += between + part;
    between = ", ";
  };
  if (devices.memory_bytes > 0) add(bytes_for_people(devices.memory_bytes) + " each");
  if (devices.bytes_per_s > 0) add(to_text(ByteRate{devices.bytes_per_s}));
  if (devices.cpus > 0) add(counted(devices.cpus, "CPU"));
  if (devices.micro_batches > 0) add(counted(devices.micro_batches, "micro-batch"));
  return text;
}

/// What a reader should know before believing the numbers.
std::string note_text(const ProfiledGraph& graph, const GraphTotals& sums) {
  const double mean = graph.seconds(sums.forward) / static_cast<double>(graph.nodes.size());
  if (!graph.both_passes || graph.unit != GraphTime::Seconds || mean < kLongNode) return {};
  return fmt::format(
      "{} a node on average: these look like milliseconds in a format of seconds; kept as they are, as "
      "Piper itself computes with them",
      seconds_for_people(mean));
}

}  // namespace

std::string seconds_for_people(double seconds) {
  return seconds < 9e9 ? to_text(from_seconds(seconds)) : fmt::format("{:.4g} s", seconds);
}

std::string bytes_for_people(double bytes) {
  return bytes < 9e18 ? to_text(Bytes{std::llround(bytes)}) : fmt::format("{:.4g} B", bytes);
}

std::string graph_summary(const ProfiledGraph& graph, const std::string& file) {
  const GraphTotals sums = totals(graph);
  std::string text = graph.name.empty() ? printable(file) : printable(graph.name);
  text += fmt::format(": {}, {}\n", counted(static_cast<std::int64_t>(graph.nodes.size()), "node"),
                      counted(static_cast<std::int64_t>(graph.edges.size()), "edge"));
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("  {:<11}{}\n", name, value);
  };
  line("Time", time_text(graph, sums));
  if (sums.parameter_bytes > 0 || sums.memory_bytes == 0)
    line("Parameters", bytes_for_people(sums.parameter_bytes));
  if (sums.memory_bytes > 0)
    line("Memory",
         fmt::format("{:<15}parameters and outputs of all nodes", bytes_for_people(sums.memory_bytes)));
  if (sums.largest_output >= 0) line("Output", output_text(graph, sums));
  line("Shape", shape_text(shape_of(graph)));
  if (!graph.variants.empty()) line("Variants", variants_text(graph));
  if (graph.devices != ProfiledDevices{}) line("Made for", devices_text(graph.devices));
  if (const std::string note = note_text(graph, sums); !note.empty()) line("Note", note);
  return text;
}

std::string graph_json(const ProfiledGraph& graph, const std::string& file, std::string_view version) {
  const GraphTotals sums = totals(graph);
  const GraphShape shape = shape_of(graph);
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object().member("stagecraft", version).member("kind", "graph").member("file", file);
  json.member("name", graph.name).member("nodes", static_cast<std::int64_t>(graph.nodes.size()));
  json.member("edges", static_cast<std::int64_t>(graph.edges.size()));
  json.member("time_s", graph.seconds(sums.forward + sums.backward));
  if (!graph.both_passes) {
    json.member("forward_s", graph.seconds(sums.forward));
    json.member("backward_s", graph.seconds(sums.backward));
  }
  json.member("parameter_bytes", sums.parameter_bytes).member("memory_bytes", sums.memory_bytes);
  json.member("largest_output_bytes", sums.largest_output_bytes);
  json.key("largest_output");
  if (sums.largest_output < 0)
    json.null();
  else
    json.value(graph.nodes[static_cast<std::size_t>(sums.largest_output)].id);
  json.member("depth", shape.depth).member("level_width", shape.width).member("sources", shape.sources);
  json.member("sinks", shape.sinks).member("components", shape.components);
  json.member("variants", static_cast<std::int64_t>(graph.variants.size()));
  const std::string note = note_text(graph, sums);
  json.key("notes").begin_array();
  if (!note.empty()) json.value(note);
  json.end_array().end_object();
  json.finish();
  return text;
}

}  // namespace stagecraft
