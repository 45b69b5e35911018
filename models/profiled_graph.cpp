#include "models/profiled_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "models/model_error.h"

namespace stagecraft {

namespace {

constexpr std::string_view kTimeNames[] = {"s", "ms", "us", "ns"};
constexpr double kPerSecond[] = {1, 1e3, 1e6, 1e9};
static_assert(std::size(kTimeNames) == kGraphTimes && std::size(kPerSecond) == kGraphTimes);

/// As many nodes of a cycle as an error can name.
constexpr std::size_t kMostNamed = 20;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::span<const int> range(const std::vector<int>& begin, const std::vector<int>& edges, int node) {
  const std::size_t first = at(begin[at(node)]);
  return std::span(edges).subspan(first, at(begin[at(node) + 1]) - first);
}

/// Edge numbers sorted by one of their ends, which `node_of` tells, by counting.
template <class NodeOf>
void fill(const ProfiledGraph& graph, NodeOf node_of, std::vector<int>& begin, std::vector<int>& edges) {
  begin.assign(graph.nodes.size() + 1, 0);
  for (const ProfiledEdge& edge : graph.edges) ++begin[at(node_of(edge)) + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<int> next(begin.begin(), begin.end() - 1);
  edges.resize(graph.edges.size());
  for (std::size_t e = 0; e < graph.edges.size(); ++e)
    edges[at(next[at(node_of(graph.edges[e]))]++)] = static_cast<int>(e);
}

/// A cycle among nodes that were not placed, in the direction of the edges, first = last.
std::vector<int> cycle(const ProfiledGraph& graph, const GraphIndex& index, const std::vector<int>& missing) {
  // Every node left has an input that is left too, so walking back must come round.
  std::vector<bool> seen(graph.nodes.size());
  std::vector<int> walk;
  int node = static_cast<int>(
      std::find_if(missing.begin(), missing.end(), [](int count) { return count > 0; }) - missing.begin());
  for (; !seen[at(node)];) {
    seen[at(node)] = true;
    walk.push_back(node);
    for (const int e : index.incoming(node)) {
      if (missing[at(graph.edges[at(e)].from)] == 0) continue;
      node = graph.edges[at(e)].from;
      break;
    }
  }
  walk.erase(walk.begin(), std::find(walk.begin(), walk.end(), node));
  walk.push_back(node);
  std::reverse(walk.begin(), walk.end());
  return walk;
}

std::string cycle_text(const ProfiledGraph& graph, const std::vector<int>& cycle) {
  std::string text;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (i == kMostNamed && cycle.size() > kMostNamed + 1) {
      text += fmt::format("({} more) -> ", cycle.size() - kMostNamed - 1);
      i = cycle.size() - 1;
    }
    text += graph.nodes[at(cycle[i])].id + (i + 1 < cycle.size() ? " -> " : "");
  }
  return text;
}

}  // namespace

std::string_view name(GraphTime unit) {
  return kTimeNames[static_cast<std::size_t>(unit)];
}

double per_second(GraphTime unit) {
  return kPerSecond[static_cast<std::size_t>(unit)];
}

std::span<const ProfiledVariant> ProfiledGraph::variants_of(int node) const {
  return std::span(variants).subspan(nodes[at(node)].first_variant, nodes[at(node)].variants);
}

std::span<const int> GraphIndex::outgoing(int node) const {
  return range(out_begin, out_edges, node);
}

std::span<const int> GraphIndex::incoming(int node) const {
  return range(in_begin, in_edges, node);
}

GraphIndex index_of(const ProfiledGraph& graph) {
  GraphIndex index;
  fill(
      graph, [](const ProfiledEdge& edge) { return edge.from; }, index.out_begin, index.out_edges);
  fill(
      graph, [](const ProfiledEdge& edge) { return edge.to; }, index.in_begin, index.in_edges);
  return index;
}

std::vector<int> topological_order(const ProfiledGraph& graph, const GraphIndex& index) {
  std::vector<int> missing(graph.nodes.size());
  std::vector<int> order;
  order.reserve(missing.size());
  for (int v = 0; v < index.nodes(); ++v) {
    missing[at(v)] = static_cast<int>(index.incoming(v).size());
    if (missing[at(v)] == 0) order.push_back(v);
  }
  for (std::size_t next = 0; next < order.size(); ++next) {
    for (const int e : index.outgoing(order[next]))
      if (--missing[at(graph.edges[at(e)].to)] == 0) order.push_back(graph.edges[at(e)].to);
  }
  if (order.size() == graph.nodes.size()) return order;
  throw ModelError("graph", "the nodes form a cycle: " + cycle_text(graph, cycle(graph, index, missing)));
}

}  // namespace stagecraft
