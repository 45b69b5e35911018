#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/units.h"
#include "models/cluster.h"
#include "models/operator_graph.h"
#include "models/roofline.h"
#include "models/transformer.h"
#include "sim/pipeline/problem.h"
#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

/// The scenario file as it is written, one struct a section; what a key means stands in scenario_fields.h.
/// Values are checked one by one when read; against each other when built (scenarios/run/build.h).

struct ModelSpec {
  std::optional<std::string> preset;
  std::optional<std::string> hf_config;
  std::optional<Transformer> transformer;
  std::optional<std::int64_t> sequence;
  std::optional<std::int64_t> vocabulary;
  std::optional<AttentionKernel> attention;
  bool operator==(const ModelSpec&) const = default;
};

struct DeviceSpec {
  std::optional<std::string> preset;
  std::optional<FlopRate> half;
  std::optional<Bytes> memory;
  std::optional<ByteRate> bandwidth;
  std::optional<std::int64_t> processors;
  bool operator==(const DeviceSpec&) const = default;
};

struct LinkSpec {
  std::optional<std::string> preset;
  std::optional<Duration> latency;
  std::optional<ByteRate> bandwidth;
  bool operator==(const LinkSpec&) const = default;
};

struct ClusterSpec {
  std::optional<std::string> preset;
  std::optional<std::int64_t> nodes;
  std::optional<std::int64_t> devices_per_node;
  std::optional<DeviceSpec> device;
  std::optional<LinkSpec> intra;
  std::optional<LinkSpec> inter;
  bool operator==(const ClusterSpec&) const = default;
};

struct ParallelSpec {
  int tensor = 1;
  std::optional<int> pipeline;
  int data = 1;
  bool sequence_parallel = false;
  bool zero1 = false;
  int gradient_bytes = 4;
  bool scatter_gather = true;
  double hidden_reduction = 0;
  bool operator==(const ParallelSpec&) const = default;
};

struct BatchSpec {
  std::int64_t global = 1;
  int micro = 1;
  bool operator==(const BatchSpec&) const = default;
};

/// What stages recompute, or that it shall be chosen.
enum class RecomputeSpec : std::uint8_t { None, Selective, Full, Auto };

struct PipelineSpec {
  std::string schedule = "1f1b";
  std::optional<std::string> csv;
  PyTorchLetters csv_letters = PyTorchLetters::New;
  std::optional<int> stages;
  std::optional<int> microbatches;
  std::optional<int> chunks;
  std::optional<int> group;
  std::optional<int> segments;
  std::optional<double> activation_limit;
  std::optional<Bytes> memory_limit;
  OneOrMany<RecomputeSpec> recompute;
  TransferMode transfers = TransferMode::Overlap;
  bool shared_links = false;
  std::vector<int> layers;
  std::optional<std::string> layout;

  bool chooses_recompute() const {
    return recompute.values.size() == 1 && !recompute.is_list && recompute.at(0) == RecomputeSpec::Auto;
  }
  bool operator==(const PipelineSpec&) const = default;
};

enum class CostModelKind : std::uint8_t { Uniform, Roofline, Profiled };

struct CostsSpec {
  std::optional<CostModelKind> model;
  OneOrMany<Duration> forward;
  OneOrMany<Duration> backward;
  OneOrMany<Duration> input_gradient;
  OneOrMany<Duration> weight_gradient;
  OneOrMany<Duration> forward_backward;
  OneOrMany<Duration> transfer;
  OneOrMany<Duration> eviction;
  OneOrMany<Duration> gradient_reduction;
  OneOrMany<Duration> optimizer;
  OneOrMany<Bytes> state;
  OneOrMany<Bytes> weights;
  OneOrMany<Bytes> activation;
  OneOrMany<Bytes> weight_gradient_activation;
  std::optional<std::string> table;
  std::optional<std::string> calibration;
  RooflineConstants roofline;
  bool operator==(const CostsSpec&) const = default;
};

struct PublishedSpec {
  std::string source;
  std::optional<Duration> makespan;
  std::optional<double> bubble_over_makespan;
  std::optional<double> bubble_over_span;
  bool operator==(const PublishedSpec&) const = default;
};

struct Scenario {
  std::string name;
  std::optional<ModelSpec> model;
  std::optional<ClusterSpec> cluster;
  ParallelSpec parallel;
  std::optional<BatchSpec> batch;
  PipelineSpec pipeline;
  CostsSpec costs;
  std::optional<PublishedSpec> published;
  bool operator==(const Scenario&) const = default;
};

}  // namespace stagecraft
