// Levels, parts and sums of a ProfiledGraph.
#include <algorithm>
#include <numeric>

#include "models/profiled_graph.h"

namespace stagecraft {

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// The first node of a part, with the paths to it halved on the way.
int first_of(std::vector<int>& parent, int node) {
  while (parent[at(node)] != node) node = parent[at(node)] = parent[at(parent[at(node)])];
  return node;
}

}  // namespace

std::vector<int> levels(const ProfiledGraph& graph, const GraphIndex& index, std::span<const int> order) {
  std::vector<int> level(graph.nodes.size());
  for (const int node : order)
    for (const int e : index.outgoing(node)) {
      int& next = level[at(graph.edges[at(e)].to)];
      next = std::max(next, level[at(node)] + 1);
    }
  return level;
}

std::vector<int> components(const ProfiledGraph& graph) {
  // Union by the lower index: a part's root is its first node.
  std::vector<int> parent(graph.nodes.size());
  std::iota(parent.begin(), parent.end(), 0);
  for (const ProfiledEdge& edge : graph.edges) {
    const int a = first_of(parent, edge.from);
    const int b = first_of(parent, edge.to);
    parent[at(std::max(a, b))] = std::min(a, b);
  }
  std::vector<int> part(parent.size());
  int count = 0;
  for (int v = 0; v < static_cast<int>(parent.size()); ++v) {
    const int first = first_of(parent, v);
    part[at(v)] = first == v ? count++ : part[at(first)];
  }
  return part;
}

GraphShape shape_of(const ProfiledGraph& graph) {
  GraphShape shape;
  if (graph.nodes.empty()) return shape;
  const GraphIndex index = index_of(graph);
  const std::vector<int> level = levels(graph, index, topological_order(graph, index));
  shape.depth = *std::max_element(level.begin(), level.end()) + 1;
  std::vector<int> counts(at(shape.depth));
  for (int v = 0; v < index.nodes(); ++v) {
    shape.width = std::max(shape.width, ++counts[at(level[at(v)])]);
    shape.sources += index.incoming(v).empty();
    shape.sinks += index.outgoing(v).empty();
  }
  const std::vector<int> part = components(graph);
  shape.components = *std::max_element(part.begin(), part.end()) + 1;
  return shape;
}

GraphTotals totals(const ProfiledGraph& graph) {
  GraphTotals sums;
  for (std::size_t v = 0; v < graph.nodes.size(); ++v) {
    const ProfiledNode& node = graph.nodes[v];
    sums.forward += node.forward;
    sums.backward += node.backward;
    sums.parameter_bytes += node.parameter_bytes;
    sums.memory_bytes += node.memory_bytes;
    if (node.output_bytes <= sums.largest_output_bytes) continue;
    sums.largest_output_bytes = node.output_bytes;
    sums.largest_output = static_cast<int>(v);
  }
  return sums;
}

}  // namespace stagecraft
