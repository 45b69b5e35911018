// What a ProfiledGraph must hold, whoever made it.
#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_set>

#include "base/text.h"
#include "models/model_error.h"
#include "models/profiled_graph.h"

namespace stagecraft {

namespace {

[[noreturn]] void fail(const std::string& message) {
  throw ModelError("graph", message);
}

bool is_text(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return find_invalid_utf8(text) == std::string_view::npos;
}

std::string node_name(const ProfiledNode& node) {
  return "node " + in_quotes(node.id);
}

/// One number of the graph; `what` says which: "forward time".
void check_amount(double value, double most, const std::string& owner, std::string_view what) {
  if (!std::isfinite(value)) fail(fmt::format("{}: the {} is not finite", owner, what));
  if (value < 0 || std::signbit(value)) fail(fmt::format("{}: the {} is negative: {}", owner, what, value));
  if (value > most) fail(fmt::format("{}: the {} is above {}: {}", owner, what, most, value));
}

void check_node(const ProfiledGraph& graph, const ProfiledNode& node) {
  if (node.id.empty()) fail("a node has no id");
  if (!is_text(node.id) || !is_text(node.description))
    fail(fmt::format("{}: id and description must be UTF-8 without control characters", node_name(node)));
  const double most = kMostGraphSeconds * per_second(graph.unit);
  const std::string owner = node_name(node);
  check_amount(node.forward, most, owner, "forward time");
  check_amount(node.backward, most, owner, "backward time");
  check_amount(node.cpu_time, most, owner, "time on a CPU");
  check_amount(node.output_bytes, kMostGraphBytes, owner, "size of the output");
  check_amount(node.parameter_bytes, kMostGraphBytes, owner, "size of the parameters");
  check_amount(node.memory_bytes, kMostGraphBytes, owner, "memory");
}

void check_nodes(const ProfiledGraph& graph) {
  if (graph.nodes.empty()) fail("the graph has no nodes");
  if (graph.nodes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) / 2)
    fail("the graph has too many nodes");
  std::unordered_set<std::string_view> ids;
  ids.reserve(graph.nodes.size());
  for (const ProfiledNode& node : graph.nodes) {
    check_node(graph, node);
    if (!ids.insert(node.id).second) fail(fmt::format("two nodes have the id {}", in_quotes(node.id)));
  }
}

std::string edge_name(const ProfiledGraph& graph, const ProfiledEdge& edge) {
  return fmt::format("edge {} -> {}", graph.nodes[static_cast<std::size_t>(edge.from)].id,
                     graph.nodes[static_cast<std::size_t>(edge.to)].id);
}

void check_edges(const ProfiledGraph& graph) {
  if (graph.edges.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) / 2)
    fail("the graph has too many edges");
  const int count = static_cast<int>(graph.nodes.size());
  std::unordered_set<std::uint64_t> seen;
  seen.reserve(graph.edges.size());
  for (const ProfiledEdge& edge : graph.edges) {
    if (edge.from < 0 || edge.to < 0 || edge.from >= count || edge.to >= count)
      fail(fmt::format("the edge {} -> {} leads outside the {} nodes", edge.from, edge.to, count));
    if (edge.from == edge.to)
      fail(fmt::format("{} reads its own output",
                       node_name(graph.nodes[static_cast<std::size_t>(edge.from)])));
    if (!seen.insert(static_cast<std::uint64_t>(edge.from) << 32 | static_cast<std::uint64_t>(edge.to))
             .second)
      fail(fmt::format("the {} is given twice", edge_name(graph, edge)));
    // The names only for an error: they cost more than the check.
    if (edge.bytes >= 0 && edge.bytes <= kMostGraphBytes && edge.time == 0) continue;
    check_amount(edge.bytes, kMostGraphBytes, edge_name(graph, edge), "size");
    check_amount(edge.time, kMostGraphSeconds * per_second(graph.unit), edge_name(graph, edge), "time");
  }
}

void check_variant(const ProfiledGraph& graph, const ProfiledVariant& variant, std::size_t syncs) {
  const std::string owner = node_name(graph.nodes[static_cast<std::size_t>(variant.node)]);
  if (variant.tensor < 1) fail(fmt::format("{}: tensor-parallel degree {}", owner, variant.tensor));
  if (!is_text(variant.name))
    fail(fmt::format("{}: names of variants must be UTF-8 without control characters", owner));
  check_amount(variant.time, kMostGraphSeconds * per_second(graph.unit), owner, "time of a variant");
  for (const double bytes : {variant.parameter_bytes, variant.microbatch_bytes, variant.fixed_bytes})
    check_amount(bytes, kMostGraphBytes, owner, "size of a variant");
  if (variant.first_sync > graph.sync_bytes.size() || graph.sync_bytes.size() - variant.first_sync < syncs)
    fail(fmt::format("{}: a variant lacks the bytes of its {} edges", owner, syncs));
  for (std::size_t i = 0; i < syncs; ++i)
    check_amount(graph.sync_bytes[variant.first_sync + i], kMostGraphBytes, owner, "size of an exchange");
}

void check_variants(const ProfiledGraph& graph, const GraphIndex& index) {
  std::size_t next = 0;
  for (int v = 0; v < index.nodes(); ++v) {
    const ProfiledNode& node = graph.nodes[static_cast<std::size_t>(v)];
    if (node.variants == 0) continue;
    if (node.first_variant != next || graph.variants.size() - next < node.variants)
      fail(fmt::format("{}: its variants are not where it says", node_name(node)));
    next += node.variants;
    for (const ProfiledVariant& variant : graph.variants_of(v)) {
      if (variant.node != v) fail(fmt::format("{}: a variant is of another node", node_name(node)));
      check_variant(graph, variant, index.incoming(v).size() + index.outgoing(v).size());
    }
  }
  if (next != graph.variants.size()) fail("there are variants of no node");
}

}  // namespace

void check(const ProfiledGraph& graph) {
  check_nodes(graph);
  check_edges(graph);
  const GraphIndex index = index_of(graph);
  check_variants(graph, index);
  topological_order(graph, index);
  const ProfiledDevices& devices = graph.devices;
  if (!is_text(graph.name)) fail("the name must be UTF-8 without control characters");
  check_amount(devices.memory_bytes, kMostGraphBytes, "devices", "memory");
  check_amount(devices.bytes_per_s, kMostGraphBytes, "devices", "bandwidth");
  for (const std::int64_t count : {devices.accelerators, devices.cpus, devices.micro_batches})
    if (count < 0) fail(fmt::format("devices: a count is negative: {}", count));
}

}  // namespace stagecraft
