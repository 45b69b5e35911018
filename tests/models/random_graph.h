#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "models/profiled_graph.h"

namespace stagecraft {

/// A random number with many digits; 0 in a quarter of all cases.
inline double random_amount(RandomStream& random) {
  return random.below(4) == 0 ? 0 : random.uniform01() * static_cast<double>(1 + random.below(1'000'000));
}

/// Texts that YAML must put in quotes, too.
inline ProfiledNode random_node(RandomStream& random, int number) {
  return {.id = fmt::format("n{}: #", number),
          .description = random.chance(0.5) ? "" : "Linear(3, [4])  -- é",
          .forward = random_amount(random),
          .backward = random_amount(random),
          .output_bytes = random_amount(random),
          .parameter_bytes = random_amount(random),
          .memory_bytes = random_amount(random),
          .cpu_time = random_amount(random),
          .colour = random.between(-1, 3),
          .stage = random.between(-1, 3),
          .is_gradient = random.chance(0.5),
          .needs_cpu = random.chance(0.5)};
}

/// Edges from a lower to a higher place in a random order of the nodes, each once.
inline void add_random_edges(RandomStream& random, ProfiledGraph& graph) {
  std::vector<std::size_t> rank(graph.nodes.size());
  std::iota(rank.begin(), rank.end(), std::size_t{0});
  for (std::size_t i = rank.size(); i > 1; --i) std::swap(rank[i - 1], rank[random.below(i)]);
  std::set<std::pair<std::size_t, std::size_t>> seen;
  for (std::size_t e = 0; e < 2 * rank.size(); ++e) {
    const std::size_t a = random.below(rank.size()), b = random.below(rank.size());
    if (rank[a] >= rank[b] || !seen.insert({a, b}).second) continue;
    graph.edges.push_back({.from = static_cast<int>(a),
                           .to = static_cast<int>(b),
                           .bytes = random_amount(random),
                           .time = random_amount(random)});
  }
}

inline void add_random_variants(RandomStream& random, ProfiledGraph& graph, const GraphIndex& index, int v) {
  ProfiledNode& node = graph.nodes[static_cast<std::size_t>(v)];
  node.variants = random.below(3);
  if (node.variants > 0) node.first_variant = graph.variants.size();
  for (std::size_t i = 0; i < node.variants; ++i) {
    graph.variants.push_back({.node = v,
                              .tensor = static_cast<int>(random.between(1, 8)),
                              .recompute = i == 1,
                              .name = i == 1 ? "again" : "",
                              .time = random_amount(random),
                              .parameter_bytes = random_amount(random),
                              .microbatch_bytes = random_amount(random),
                              .fixed_bytes = random_amount(random),
                              .first_sync = graph.sync_bytes.size()});
    const std::size_t edges = index.incoming(v).size() + index.outgoing(v).size();
    for (std::size_t k = 0; k < edges; ++k) graph.sync_bytes.push_back(random_amount(random));
  }
}

/// A random graph without cycles that uses every member, its nodes in no topological order.
inline ProfiledGraph random_graph(RandomStream& random, int nodes) {
  ProfiledGraph graph{.name = random.chance(0.5) ? "" : "a \"graph\": x",
                      .unit = static_cast<GraphTime>(random.below(kGraphTimes)),
                      .both_passes = random.chance(0.5)};
  graph.devices = {.accelerators = random.between(0, 8),
                   .cpus = 1,
                   .memory_bytes = random_amount(random),
                   .bytes_per_s = random_amount(random),
                   .micro_batches = random.between(0, 8)};
  for (int v = 0; v < nodes; ++v) graph.nodes.push_back(random_node(random, v));
  add_random_edges(random, graph);
  const GraphIndex index = index_of(graph);
  for (int v = 0; v < nodes; ++v) add_random_variants(random, graph, index, v);
  return graph;
}

}  // namespace stagecraft
