#include "models/operator_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <functional>
#include <numeric>
#include <queue>
#include <set>

#include "models/model_error.h"

namespace stagecraft {
namespace {

constexpr KernelClassInfo kKernelClassTable[] = {
    {KernelClass::Gemm, "gemm", "matrix products with weights"},
    {KernelClass::Attention, "attention", "products of activations, or one fused attention kernel"},
    {KernelClass::Softmax, "softmax", "softmax over attention scores"},
    {KernelClass::Normalization, "normalization", "LayerNorm or RMSNorm"},
    {KernelClass::Elementwise, "elementwise", "activations, dropout, residual additions, rotary positions"},
    {KernelClass::Embedding, "embedding", "table look-up"},
    {KernelClass::CrossEntropy, "cross_entropy", "softmax and loss over the vocabulary"},
    {KernelClass::Collective, "collective", "communication inside the tensor-parallel group"},
    {KernelClass::Other, "other", "anything else"},
};
static_assert(std::size(kKernelClassTable) == kKernelClasses);

using Digraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

Digraph digraph(std::size_t vertices, std::span<const Edge> edges) {
  Digraph result(vertices);
  for (const Edge& edge : edges)
    add_edge(static_cast<std::size_t>(edge.from), static_cast<std::size_t>(edge.to), result);
  return result;
}

/// Vertices after their predecessors, the lowest free one first (Kahn 1962); shorter than the graph where it
/// has a cycle.
std::vector<int> sorted(const Digraph& graph) {
  std::vector<std::size_t> missing(num_vertices(graph));
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free;
  for (std::size_t v = 0; v < missing.size(); ++v) {
    missing[v] = in_degree(v, graph);
    if (missing[v] == 0) free.push(v);
  }
  std::vector<int> order;
  for (; !free.empty();) {
    const std::size_t v = free.top();
    free.pop();
    order.push_back(static_cast<int>(v));
    for (auto [edge, end] = out_edges(v, graph); edge != end; ++edge) {
      if (--missing[target(*edge, graph)] == 0) free.push(target(*edge, graph));
    }
  }
  return order;
}

/// A cycle among the vertices that sorted() could not place, in the direction of the edges, first = last.
std::vector<int> cycle(const Digraph& graph, const std::vector<int>& order) {
  std::vector<bool> placed(num_vertices(graph));
  for (const int v : order) placed[static_cast<std::size_t>(v)] = true;
  auto at = static_cast<std::size_t>(std::find(placed.begin(), placed.end(), false) - placed.begin());

  // Every vertex left has a predecessor that is left too, so walking back must come round.
  std::vector<int> walk;
  while (std::find(walk.begin(), walk.end(), static_cast<int>(at)) == walk.end()) {
    walk.push_back(static_cast<int>(at));
    auto [edge, end] = in_edges(at, graph);
    at = source(*std::find_if(edge, end, [&](const auto& e) { return !placed[source(e, graph)]; }), graph);
  }
  walk.erase(walk.begin(), std::find(walk.begin(), walk.end(), static_cast<int>(at)));
  walk.push_back(static_cast<int>(at));
  std::reverse(walk.begin(), walk.end());
  return walk;
}

void check_edges(const OperatorGraph& graph) {
  const int count = static_cast<int>(graph.operators.size());
  for (const Edge& edge : graph.edges) {
    if (edge.from < 0 || edge.to < 0 || edge.from >= count || edge.to >= count) {
      throw ModelError("model.graph", fmt::format("the edge {} -> {} leads outside the {} operators",
                                                  edge.from, edge.to, count));
    }
  }
}

}  // namespace

std::span<const KernelClassInfo> kernel_classes() {
  return kKernelClassTable;
}

std::string_view name(Collective collective) {
  constexpr std::string_view kNames[] = {"none", "all_reduce", "all_gather", "reduce_scatter"};
  return kNames[static_cast<std::size_t>(collective)];
}

std::string_view name(Recompute recompute) {
  constexpr std::string_view kNames[] = {"none", "selective", "full"};
  return kNames[static_cast<std::size_t>(recompute)];
}

Gemm Gemm::at(std::int64_t samples) const {
  Gemm result = *this;
  switch (grows) {
    case Grows::M:
      result.m *= samples;
      break;
    case Grows::K:
      result.k *= samples;
      break;
    case Grows::Batch:
      result.batch *= samples;
      break;
  }
  return result;
}

double Gemm::flops() const {
  return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) *
         static_cast<double>(batch);
}

int OperatorGraph::add(Operator op, std::span<const int> inputs) {
  const int index = static_cast<int>(operators.size());
  operators.push_back(std::move(op));
  for (const int input : inputs) edges.push_back({input, index});
  return index;
}

void OperatorGraph::append(const OperatorGraph& next) {
  const int offset = static_cast<int>(operators.size());
  std::vector<bool> has_input(next.operators.size());
  for (const Edge& edge : next.edges) has_input[static_cast<std::size_t>(edge.to)] = true;

  operators.insert(operators.end(), next.operators.begin(), next.operators.end());
  for (const Edge& edge : next.edges) edges.push_back({edge.from + offset, edge.to + offset});
  for (std::size_t v = 0; v < has_input.size() && offset > 0; ++v) {
    if (!has_input[v]) edges.push_back({offset - 1, offset + static_cast<int>(v)});
  }
}

std::vector<int> topological_order(const OperatorGraph& graph) {
  check_edges(graph);
  const Digraph edges = digraph(graph.operators.size(), graph.edges);
  std::vector<int> order = sorted(edges);
  if (order.size() == graph.operators.size()) return order;

  std::vector<std::string_view> names;
  for (const int v : cycle(edges, order)) names.push_back(graph.operators[static_cast<std::size_t>(v)].name);
  throw ModelError("model.graph", fmt::format("the operators form a cycle: {}", fmt::join(names, " -> ")));
}

std::vector<int> contiguous_stages(const OperatorGraph& graph, std::span<const int> sizes) {
  const std::vector<int> order = topological_order(graph);
  const bool negative = std::any_of(sizes.begin(), sizes.end(), [](int size) { return size < 0; });
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  if (negative || total != static_cast<std::int64_t>(order.size())) {
    throw ModelError("model.graph", fmt::format("stages of {} operators do not add up to the graph's {}",
                                                fmt::join(sizes, " + "), order.size()));
  }
  std::vector<int> stage_of(order.size());
  std::size_t next = 0;
  for (std::size_t stage = 0; stage < sizes.size(); ++stage) {
    for (int i = 0; i < sizes[stage]; ++i) {
      stage_of[static_cast<std::size_t>(order[next++])] = static_cast<int>(stage);
    }
  }
  return stage_of;
}

std::vector<Edge> stage_edges(const OperatorGraph& graph, std::span<const int> stage_of) {
  check_edges(graph);
  if (stage_of.size() != graph.operators.size()) {
    throw ModelError("model.graph", fmt::format("{} stages are given for {} operators", stage_of.size(),
                                                graph.operators.size()));
  }
  const auto bad = std::find_if(stage_of.begin(), stage_of.end(), [](int stage) { return stage < 0; });
  if (bad != stage_of.end()) {
    const auto v = static_cast<std::size_t>(bad - stage_of.begin());
    throw ModelError("model.graph", fmt::format("operator '{}' has stage {}", graph.operators[v].name, *bad));
  }

  std::set<Edge> between;
  int stages = 0;
  for (const int stage : stage_of) stages = std::max(stages, stage + 1);
  for (const Edge& edge : graph.edges) {
    const Edge crossing{stage_of[static_cast<std::size_t>(edge.from)],
                        stage_of[static_cast<std::size_t>(edge.to)]};
    if (crossing.from != crossing.to) between.insert(crossing);
  }
  std::vector<Edge> result(between.begin(), between.end());
  const Digraph quotient = digraph(static_cast<std::size_t>(stages), result);
  const std::vector<int> order = sorted(quotient);
  if (order.size() != static_cast<std::size_t>(stages)) {
    throw ModelError("model.graph", fmt::format("stages wait for each other: {}",
                                                fmt::join(cycle(quotient, order), " -> ")));
  }
  return result;
}

double flops_per_sample(const OperatorGraph& graph, Recompute recompute) {
  double sum = 0;
  for (const Operator& op : graph.operators) {
    const double runs = op.recomputed(recompute) ? 2 : 1;
    sum += runs * op.forward.flops_per_sample + op.input_gradient.flops_per_sample +
           op.weight_gradient.flops_per_sample;
  }
  return sum;
}

std::int64_t parameters(const OperatorGraph& graph) {
  std::int64_t sum = 0;
  for (const Operator& op : graph.operators) sum += op.parameters;
  return sum;
}

std::int64_t saved_bytes_per_sample(const OperatorGraph& graph, Recompute recompute) {
  std::int64_t sum = 0;
  for (const Operator& op : graph.operators) sum += op.saved_bytes[static_cast<std::size_t>(recompute)];
  return sum;
}

}  // namespace stagecraft
