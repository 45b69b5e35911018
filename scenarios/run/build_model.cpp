#include <fmt/format.h>

#include "models/catalog.h"
#include "models/hf_config.h"
#include "models/model_error.h"
#include "scenarios/run/build.h"
#include "scenarios/run/files.h"

namespace stagecraft {

namespace {

/// A configuration has a few kilobytes.
constexpr std::size_t kLargestConfig = std::size_t{16} << 20;

template <class T>
void override_with(const std::optional<T>& given, T& value) {
  if (given) value = *given;
}

Transformer base_model(const ReadScenario& read) {
  const ModelSpec& spec = *read.scenario.model;
  const int ways = spec.preset.has_value() + spec.hf_config.has_value() + spec.transformer.has_value();
  if (ways != 1)
    throw error_at(*read.root, "model",
                   fmt::format("'model' needs one of preset, hf_config and transformer, got {}", ways),
                   {"presets: see `stagecraft list models`"});
  if (spec.preset) return find_preset(model_presets(), *spec.preset)->value;
  if (spec.transformer) return *spec.transformer;
  const std::string text = read_scenario_file(read, "model.hf_config", *spec.hf_config, kLargestConfig);
  try {
    return transformer_from_hf(text);
  } catch (const ModelError& error) {
    throw error_at(*read.root, "model.hf_config", fmt::format("in '{}': {}", *spec.hf_config, error.what()));
  }
}

void apply(const DeviceSpec& spec, Device& device) {
  if (spec.preset) device = find_preset(device_presets(), *spec.preset)->value;
  override_with(spec.half, device.half);
  override_with(spec.memory, device.memory);
  override_with(spec.bandwidth, device.bandwidth);
  override_with(spec.processors, device.processors);
}

void apply(const LinkSpec& spec, Link& link) {
  if (spec.preset) link = find_preset(link_presets(), *spec.preset)->value;
  override_with(spec.latency, link.latency);
  override_with(spec.bandwidth, link.bandwidth);
}

/// A cluster put together by hand must say everything that a simulation needs.
void require_complete(const ReadScenario& read, const Cluster& cluster) {
  const auto require = [&](bool there, std::string_view key) {
    if (!there)
      throw error_at(*read.root, "cluster",
                     fmt::format("'{}' is required where there is no cluster preset", key));
  };
  require(cluster.device.half.per_second > 0, "cluster.device.half");
  require(cluster.device.bandwidth.per_second > 0, "cluster.device.bandwidth");
  require(cluster.device.memory.count > 0, "cluster.device.memory");
  require(cluster.device.processors > 0, "cluster.device.processors");
  require(cluster.devices_per_node == 1 || cluster.intra.bandwidth.per_second > 0, "cluster.intra");
  require(cluster.nodes == 1 || cluster.inter.bandwidth.per_second > 0, "cluster.inter");
}

}  // namespace

Transformer build_model(const ReadScenario& read) {
  Transformer model = base_model(read);
  const ModelSpec& spec = *read.scenario.model;
  override_with(spec.sequence, model.sequence);
  override_with(spec.vocabulary, model.vocabulary);
  override_with(spec.attention, model.attention);
  return model;
}

Cluster build_cluster(const ReadScenario& read) {
  if (!read.scenario.cluster)
    throw error_at(*read.root, "model", "a scenario with a model needs 'cluster', what the model runs on",
                   {"for example: cluster: {preset: dgx-a100, nodes: 12}"});
  const ClusterSpec& spec = *read.scenario.cluster;
  Cluster cluster;
  cluster.device.processors = 0;  // not given
  if (spec.preset) cluster = find_preset(cluster_presets(), *spec.preset)->value;
  override_with(spec.nodes, cluster.nodes);
  override_with(spec.devices_per_node, cluster.devices_per_node);
  if (spec.device) apply(*spec.device, cluster.device);
  if (spec.intra) apply(*spec.intra, cluster.intra);
  if (spec.inter) apply(*spec.inter, cluster.inter);
  require_complete(read, cluster);
  return cluster;
}

}  // namespace stagecraft
