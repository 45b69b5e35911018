#include "models/strategy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "models/model_error.h"

namespace stagecraft {
namespace {

void require_positive(std::string_view key, int value) {
  if (value < 1) {
    throw ModelError(fmt::format("parallel.{}", key),
                     fmt::format("'{}' must be at least 1, got {}", key, value));
  }
}

/// The group made of `size` devices from `first` on, `stride` apart.
Group group_of(std::int64_t first, std::int64_t stride, std::int64_t size, std::int64_t devices_per_node) {
  std::map<std::int64_t, std::int64_t> members;
  for (std::int64_t i = 0; i < size; ++i) ++members[(first + i * stride) / devices_per_node];
  Group group{.size = size, .nodes = static_cast<std::int64_t>(members.size()), .per_node = size};
  for (const auto& [node, count] : members) group.per_node = std::min(group.per_node, count);
  return group;
}

bool slower(const Group& a, const Group& b) {
  return a.nodes > b.nodes || (a.nodes == b.nodes && a.per_node < b.per_node);
}

std::vector<int> equal_layers(const Transformer& model, const Strategy& strategy) {
  const std::int64_t stages = strategy.stages();
  if (model.layers % stages != 0) {
    const std::string parts = strategy.chunks == 1 ? fmt::format("{} pipeline stages", stages)
                                                   : fmt::format("{} stages ({} ranks x {} chunks)", stages,
                                                                 strategy.pipeline, strategy.chunks);
    // Chunks are to blame where the ranks alone would be fine.
    throw ModelError(model.layers % strategy.pipeline == 0 ? "parallel.chunks" : "parallel.pipeline",
                     fmt::format("{} layers do not divide into {}", model.layers, parts));
  }
  return std::vector<int>(static_cast<std::size_t>(stages), static_cast<int>(model.layers / stages));
}

}  // namespace

std::vector<int> layers_of_stages(const Transformer& model, const Strategy& strategy) {
  if (strategy.layers.empty()) return equal_layers(model, strategy);
  if (static_cast<int>(strategy.layers.size()) != strategy.stages()) {
    throw ModelError("parallel.layers", fmt::format("layers are given for {} stages, but there are {}",
                                                    strategy.layers.size(), strategy.stages()));
  }
  const bool negative =
      std::any_of(strategy.layers.begin(), strategy.layers.end(), [](int n) { return n < 0; });
  const auto sum = std::accumulate(strategy.layers.begin(), strategy.layers.end(), std::int64_t{0});
  if (negative || sum != model.layers) {
    throw ModelError("parallel.layers", fmt::format("stages of {} layers do not add up to the model's {}",
                                                    fmt::join(strategy.layers, " + "), model.layers));
  }
  return strategy.layers;
}

void check(const Strategy& strategy, const Cluster& cluster) {
  require_positive("tensor", strategy.tensor);
  require_positive("pipeline", strategy.pipeline);
  require_positive("data", strategy.data);
  require_positive("chunks", strategy.chunks);
  require_positive("micro_batch", strategy.micro_batch);
  if (strategy.gradient_bytes != 2 && strategy.gradient_bytes != 4) {
    throw ModelError("parallel.gradient_bytes",
                     fmt::format("a gradient has 2 or 4 bytes, not {}", strategy.gradient_bytes));
  }
  if (!(strategy.hidden_reduction >= 0 && strategy.hidden_reduction <= 1)) {
    throw ModelError(
        "parallel.hidden_reduction",
        fmt::format("'hidden_reduction' must be between 0 and 1, got {}", strategy.hidden_reduction));
  }
  if (cluster.nodes < 1 || cluster.devices_per_node < 1) {
    throw ModelError("cluster.nodes", fmt::format("a cluster needs devices, got {} nodes of {}",
                                                  cluster.nodes, cluster.devices_per_node));
  }
  if (strategy.devices() > cluster.devices()) {
    throw ModelError("parallel",
                     fmt::format("tensor {} x pipeline {} x data {} needs {} devices, but {} has {} ({} "
                                 "nodes of {})",
                                 strategy.tensor, strategy.pipeline, strategy.data, strategy.devices(),
                                 cluster.name, cluster.devices(), cluster.nodes, cluster.devices_per_node));
  }
}

Placement place(const Strategy& strategy, const Cluster& cluster) {
  return {.tensor = strategy.tensor,
          .data = strategy.data,
          .pipeline = strategy.pipeline,
          .devices_per_node = cluster.devices_per_node};
}

Group tensor_group(const Placement& placement, int rank) {
  Group worst;
  for (int replica = 0; replica < placement.data; ++replica) {
    const Group group =
        group_of(placement.device(0, replica, rank), 1, placement.tensor, placement.devices_per_node);
    if (replica == 0 || slower(group, worst)) worst = group;
  }
  return worst;
}

Group data_group(const Placement& placement, int rank) {
  Group worst;
  for (int share = 0; share < placement.tensor; ++share) {
    const Group group = group_of(placement.device(share, 0, rank), placement.tensor, placement.data,
                                 placement.devices_per_node);
    if (share == 0 || slower(group, worst)) worst = group;
  }
  return worst;
}

bool crosses_nodes(const Placement& placement, int from, int to) {
  const std::int64_t first = placement.device(0, 0, from);
  const std::int64_t distance = placement.device(0, 0, to) - first;
  for (std::int64_t i = 0; i < std::int64_t{placement.tensor} * placement.data; ++i) {
    if (placement.node(first + i) != placement.node(first + i + distance)) return true;
  }
  return false;
}

}  // namespace stagecraft
