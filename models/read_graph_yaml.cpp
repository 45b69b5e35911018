// Our own YAML form of a profiled graph, read; see profiled_readers.h.
#include <fmt/format.h>

#include <charconv>

#include "base/quantity.h"
#include "base/text.h"
#include "base/yaml.h"
#include "models/graph_builder.h"
#include "models/graph_yaml_fields.h"
#include "models/profiled_readers.h"

namespace stagecraft {

namespace {

using graph_yaml::Text;

/// A text of digits and a unit that parse_quantity() has accepted.
struct Amount {
  double number = 0;
  std::string_view unit;
};

Amount split(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" +"), text.size()));
  Amount amount;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount.number);
  if (error != std::errc{} || amount.number == 0) amount.number = 0;  // no -0; too small for a double
  amount.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  const std::size_t blank = amount.unit.find_first_not_of(' ');
  amount.unit.remove_prefix(std::min(blank, amount.unit.size()));
  return amount;
}

double nanoseconds_of(std::string_view unit) {
  return static_cast<double>(parse_quantity<Duration>(fmt::format("1 {}", unit)).count());
}

class YamlGraphReader {
 public:
  YamlGraphReader(NodePtr root, const std::string& name) : root_(std::move(root)), name_(name) {}

  ProfiledGraph read() {
    const auto spec = stagecraft::read<graph_yaml::Graph>(*root_);
    graph_.name = spec.name;
    graph_.unit = spec.time_unit;
    graph_.both_passes = spec.both_passes;
    read_devices(spec.devices);
    for (std::size_t i = 0; i < spec.nodes.size(); ++i) read_node(spec.nodes[i], fmt::format("nodes.{}", i));
    for (std::size_t i = 0; i < spec.edges.size(); ++i) read_edge(spec.edges[i], fmt::format("edges.{}", i));
    const GraphIndex index = index_of(graph_);
    for (std::size_t i = 0; i < spec.nodes.size(); ++i)
      read_variants(spec.nodes[i], index, static_cast<int>(i));
    return builder_.finish(name_);
  }

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& message) const {
    throw error_at(*root_, key, message);
  }

  /// The text as a Q, for its errors. `key` is dotted.
  template <class Q>
  Q parsed(const std::string& text, const std::string& key) const {
    try {
      return parse_quantity<Q>(text);
    } catch (const QuantityError& error) {
      throw error_at(*root_, key,
                     fmt::format("'{}' {}{}", key, error.what(),
                                 error.shows_value ? "" : fmt::format(", got {}", in_quotes(text))),
                     error.hint.empty() ? std::vector<std::string>{} : std::vector{error.hint});
    }
  }

  /// In the graph's unit. A time in just that unit keeps all its digits.
  double time(const Text& text, const std::string& key) const {
    if (!text) return 0;
    parsed<Duration>(*text, key);
    const Amount amount = split(*text);
    const bool same = amount.unit == stagecraft::name(graph_.unit);
    const double value =
        same ? amount.number : amount.number * nanoseconds_of(amount.unit) / (1e9 / per_second(graph_.unit));
    if (value > kMostGraphSeconds * per_second(graph_.unit))
      fail(key, fmt::format("'{}' must be at most {} s, got {}", key, kMostGraphSeconds, in_quotes(*text)));
    return value;
  }

  double bytes(const Text& text, const std::string& key) const {
    if (!text) return 0;
    const Bytes whole = parsed<Bytes>(*text, key);
    const Amount amount = split(*text);
    const double value = amount.unit == "B" ? amount.number : static_cast<double>(whole.count);
    if (value > kMostGraphBytes)
      fail(key, fmt::format("'{}' must be at most {} B, got {}", key, kMostGraphBytes, in_quotes(*text)));
    return value;
  }

  void read_devices(const graph_yaml::Devices& devices) {
    graph_.devices = {.accelerators = devices.accelerators,
                      .cpus = devices.cpus,
                      .memory_bytes = bytes(devices.memory, "devices.memory"),
                      .micro_batches = devices.micro_batches};
    if (!devices.bandwidth) return;
    graph_.devices.bytes_per_s = parsed<ByteRate>(*devices.bandwidth, "devices.bandwidth").per_second;
  }

  void read_node(const graph_yaml::GraphNode& node, const std::string& key) {
    const bool added =
        builder_.add(ProfiledNode{.id = node.id,
                                  .description = node.description,
                                  .forward = time(node.forward, key + ".forward"),
                                  .backward = time(node.backward, key + ".backward"),
                                  .output_bytes = bytes(node.output, key + ".output"),
                                  .parameter_bytes = bytes(node.parameters, key + ".parameters"),
                                  .memory_bytes = bytes(node.memory, key + ".memory"),
                                  .cpu_time = time(node.cpu, key + ".cpu"),
                                  .colour = node.colour,
                                  .stage = node.stage,
                                  .is_gradient = node.gradient,
                                  .needs_cpu = node.needs_cpu});
    if (!added) fail(key + ".id", fmt::format("the node {} is given twice", in_quotes(node.id)));
  }

  void read_edge(const graph_yaml::GraphEdge& edge, const std::string& key) {
    ProfiledEdge result{.from = builder_.find(edge.from), .to = builder_.find(edge.to)};
    if (result.from < 0) fail(key + ".from", no_such_node(edge.from));
    if (result.to < 0) fail(key + ".to", no_such_node(edge.to));
    result.bytes = edge.bytes ? bytes(edge.bytes, key + ".bytes")
                              : graph_.nodes[static_cast<std::size_t>(result.from)].output_bytes;
    result.time = time(edge.time, key + ".time");
    if (!builder_.add(result)) fail(key, "the edge is given twice");
  }

  void read_variants(const graph_yaml::GraphNode& node, const GraphIndex& index, int v) {
    ProfiledNode& to = graph_.nodes[static_cast<std::size_t>(v)];
    to.variants = node.variants.size();
    if (to.variants > 0) to.first_variant = graph_.variants.size();
    const std::size_t edges = index.incoming(v).size() + index.outgoing(v).size();
    for (std::size_t i = 0; i < node.variants.size(); ++i)
      read_variant(node.variants[i], v, edges, fmt::format("nodes.{}.variants.{}", v, i));
  }

  void read_variant(const graph_yaml::Variant& variant, int node, std::size_t edges, const std::string& key) {
    graph_.variants.push_back({.node = node,
                               .tensor = variant.tensor,
                               .recompute = variant.recompute,
                               .name = variant.name,
                               .time = time(variant.time, key + ".time"),
                               .parameter_bytes = bytes(variant.parameters, key + ".parameters"),
                               .microbatch_bytes = bytes(variant.per_microbatch, key + ".per_microbatch"),
                               .fixed_bytes = bytes(variant.fixed, key + ".fixed"),
                               .first_sync = graph_.sync_bytes.size()});
    if (!variant.exchanged.empty() && variant.exchanged.size() != edges)
      fail(key + ".exchanged",
           fmt::format("'{}.exchanged' must have {} entries, one for each edge in and out "
                       "of the node, or none; got {}",
                       key, edges, variant.exchanged.size()));
    for (std::size_t i = 0; i < edges; ++i)
      graph_.sync_bytes.push_back(variant.exchanged.empty()
                                      ? 0
                                      : bytes(variant.exchanged[i], fmt::format("{}.exchanged.{}", key, i)));
  }

  NodePtr root_;
  const std::string& name_;
  GraphBuilder builder_;
  ProfiledGraph& graph_ = builder_.graph;
};

}  // namespace

ProfiledGraph parse_graph_yaml(std::string text, const std::string& name) {
  return YamlGraphReader(parse_yaml(std::move(text), name), name).read();
}

}  // namespace stagecraft
