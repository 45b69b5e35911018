#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "models/profiled_graph.h"

/// The keys of our own YAML form of a profiled graph. Times and sizes are read as texts: as a Duration or
/// Bytes they would lose digits.
namespace stagecraft::graph_yaml {

using Text = std::optional<std::string>;

struct Devices {
  std::int64_t accelerators = 0;
  std::int64_t cpus = 0;
  Text memory, bandwidth;
  std::int64_t micro_batches = 0;
};

struct Variant {
  int tensor = 1;
  bool recompute = false;
  std::string name;
  Text time, parameters, per_microbatch, fixed;
  std::vector<std::string> exchanged;
};

struct GraphNode {
  std::string id, description;
  Text forward, backward, output, parameters, memory, cpu;
  std::int64_t colour = -1;
  std::int64_t stage = -1;
  bool gradient = false;
  bool needs_cpu = false;
  std::vector<Variant> variants;
};

struct GraphEdge {
  std::string from, to;
  Text bytes, time;
};

struct Graph {
  std::int64_t version = 0;
  std::string name;
  GraphTime time_unit = GraphTime::Seconds;
  bool both_passes = false;
  Devices devices;
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;
};

}  // namespace stagecraft::graph_yaml

namespace stagecraft {

template <>
struct EnumNames<GraphTime> {
  static constexpr std::array all{
      EnumName<GraphTime>{GraphTime::Seconds, "s"}, EnumName<GraphTime>{GraphTime::Milliseconds, "ms"},
      EnumName<GraphTime>{GraphTime::Microseconds, "us"}, EnumName<GraphTime>{GraphTime::Nanoseconds, "ns"}};
};

template <>
struct Fields<graph_yaml::Devices> {
  using T = graph_yaml::Devices;
  static constexpr std::string_view name = "devices";
  static constexpr auto all =
      std::tuple{field("accelerators", &T::accelerators, "how many").min(0),
                 field("cpus", &T::cpus, "CPUs that may take nodes, too").min(0),
                 field("memory", &T::memory, "of an accelerator").example("16 GiB"),
                 field("bandwidth", &T::bandwidth, "between two of them").example("25 GB/s"),
                 field("micro_batches", &T::micro_batches, "of a batch").min(0)};
};

template <>
struct Fields<graph_yaml::Variant> {
  using T = graph_yaml::Variant;
  static constexpr std::string_view name = "variant";
  static constexpr auto all =
      std::tuple{field("tensor", &T::tensor, "tensor-parallel degree").min(1),
                 field("recompute", &T::recompute, "activations are made again in the backward pass"),
                 field("name", &T::name, "how to call it"),
                 field("time", &T::time, "forward and backward of a micro-batch").example("1.5 ms"),
                 field("parameters", &T::parameters, "on each device").example("64 MiB"),
                 field("per_microbatch", &T::per_microbatch, "memory for each micro-batch in flight"),
                 field("fixed", &T::fixed, "memory whatever is in flight"),
                 field("exchanged", &T::exchanged, "bytes beside the tensor, for each edge in, then out")};
};

template <>
struct Fields<graph_yaml::GraphNode> {
  using T = graph_yaml::GraphNode;
  static constexpr std::string_view name = "node";
  static constexpr auto all =
      std::tuple{field("id", &T::id, "as edges name it").required(),
                 field("description", &T::description, "what it does"),
                 field("forward", &T::forward, "time of the forward pass").example("1.5 ms"),
                 field("backward", &T::backward, "time of the backward pass").example("3 ms"),
                 field("output", &T::output, "the tensor that its readers get").example("4 MiB"),
                 field("parameters", &T::parameters, "size of its parameters").example("64 MiB"),
                 field("memory", &T::memory, "all that it holds on its device"),
                 field("cpu", &T::cpu, "its time on a CPU"),
                 field("colour", &T::colour, "nodes of one colour share a device; -1: none").min(-1),
                 field("stage", &T::stage, "that it is put into; -1: none").min(-1),
                 field("gradient", &T::gradient, "a node of the backward pass"),
                 field("needs_cpu", &T::needs_cpu, "accelerators cannot run it"),
                 field("variants", &T::variants, "ways to run it")};
};

template <>
struct Fields<graph_yaml::GraphEdge> {
  using T = graph_yaml::GraphEdge;
  static constexpr std::string_view name = "edge";
  static constexpr auto all =
      std::tuple{field("from", &T::from, "the node that computes").required(),
                 field("to", &T::to, "the node that reads").required(),
                 field("bytes", &T::bytes, "sent; by default the output of `from`").example("4 MiB"),
                 field("time", &T::time, "of the transfer").example("20 us")};
};

template <>
struct Fields<graph_yaml::Graph> {
  using T = graph_yaml::Graph;
  static constexpr std::string_view name = "graph";
  static constexpr auto all = std::tuple{
      field("stagecraft_graph", &T::version, "version of the form").min(1).max(1).required(),
      field("name", &T::name, "of the graph"),
      field("time_unit", &T::time_unit, "that times are kept in"),
      field("both_passes", &T::both_passes, "`forward` is the time of forward and backward together"),
      field("devices", &T::devices, "what the graph was made for"),
      field("nodes", &T::nodes, "layers or operators").required(),
      field("edges", &T::edges, "which node reads which")};
};

}  // namespace stagecraft
