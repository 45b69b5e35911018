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

/// A random graph without cycles that uses every member, in an order of nodes that is not topological.
inline ProfiledGraph random_graph(RandomStream& random, int nodes) {
  ProfiledGraph graph{.name = random.below(2) == 0 ? "" : "a \"graph\": x",
                      .unit = static_cast<GraphTime>(random.below(kGraphTimes)),
                      .both_passes = random.below(2) == 0};
  graph.devices = {.accelerators = static_cast<std::int64_t>(random.below(9)),
                   .cpus = 1,
                   .memory_bytes = random_amount(random),
                   .bytes_per_s = random_amount(random),
                   .micro_batches = static_cast<std::int64_t>(random.below(9))};
  std::vector<int> rank(static_cast<std::size_t>(nodes));
  std::iota(rank.begin(), rank.end(), 0);
  for (std::size_t i = rank.size(); i > 1; --i) std::swap(rank[i - 1], rank[random.below(i)]);
  for (int v = 0; v < nodes; ++v)
    graph.nodes.push_back({.id = fmt::format("n{}: #", v),
                           .description = random.below(2) == 0 ? "" : "Linear(3, [4])  -- é",
                           .forward = random_amount(random),
                           .backward = random_amount(random),
                           .output_bytes = random_amount(random),
                           .parameter_bytes = random_amount(random),
                           .memory_bytes = random_amount(random),
                           .cpu_time = random_amount(random),
                           .colour = static_cast<std::int64_t>(random.below(5)) - 1,
                           .stage = static_cast<std::int64_t>(random.below(5)) - 1,
                           .is_gradient = random.below(2) == 0,
                           .needs_cpu = random.below(2) == 0});
  std::set<std::pair<int, int>> seen;
  for (int e = 0; e < 2 * nodes; ++e) {
    const int a = static_cast<int>(random.below(static_cast<std::uint64_t>(nodes)));
    const int b = static_cast<int>(random.below(static_cast<std::uint64_t>(nodes)));
    if (rank[static_cast<std::size_t>(a)] >= rank[static_cast<std::size_t>(b)] || !seen.insert({a, b}).second)
      continue;
    graph.edges.push_back(
        {.from = a, .to = b, .bytes = random_amount(random), .time = random_amount(random)});
  }
  const GraphIndex index = index_of(graph);
  for (int v = 0; v < nodes; ++v) {
    ProfiledNode& node = graph.nodes[static_cast<std::size_t>(v)];
    node.variants = random.below(3);
    if (node.variants > 0) node.first_variant = graph.variants.size();
    for (std::size_t i = 0; i < node.variants; ++i) {
      graph.variants.push_back({.node = v,
                                .tensor = 1 + static_cast<int>(random.below(8)),
                                .recompute = i == 1,
                                .name = i == 1 ? "again" : "",
                                .time = random_amount(random),
                                .parameter_bytes = random_amount(random),
                                .microbatch_bytes = random_amount(random),
                                .fixed_bytes = random_amount(random),
                                .first_sync = graph.sync_bytes.size()});
      for (std::size_t k = 0; k < index.incoming(v).size() + index.outgoing(v).size(); ++k)
        graph.sync_bytes.push_back(random_amount(random));
    }
  }
  return graph;
}

}  // namespace stagecraft
