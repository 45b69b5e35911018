#pragma once

#include <cstdint>
#include <vector>

#include "models/cluster.h"
#include "models/operator_graph.h"
#include "models/transformer.h"

namespace stagecraft {

/// How a model is spread over a cluster and trained.
struct Strategy {
  int tensor = 1;       ///< t: devices that share every layer
  int pipeline = 1;     ///< p: ranks of the pipeline
  int data = 1;         ///< d: replicas
  int chunks = 1;       ///< v: stages of one rank
  int micro_batch = 1;  ///< b: samples of one micro-batch of one replica
  bool sequence_parallel = false;
  Recompute recompute = Recompute::None;
  std::vector<Recompute> recompute_of_stage;  ///< of each of the p*v stages; empty: `recompute` on all
  /// Copies of the model in the pipeline, run through in different directions: a rank and its mirror image hold
  /// the same stages and sum their gradients too.
  int copies = 1;
  /// Earlier parts of the sequence that the model's sequence, one of several equal ones, looks back on.
  int past_segments = 0;
  /// Optimizer state is shared out over the data-parallel group (ZeRO stage 1, Megatron-LM's distributed
  /// optimizer): gradients are reduce-scattered, new weights all-gathered.
  bool zero1 = false;
  /// Bytes of one gradient element in the buffer that is reduced: 4 (fp32 accumulation) or 2.
  int gradient_bytes = 4;
  /// A boundary's activations cross the network once per tensor group, in t parts, and are gathered inside
  /// the node (Narayanan et al., SC'21, section 4.1). Off: every device sends the whole tensor.
  bool scatter_gather = true;
  /// Share of the gradient reduction that runs beside the backward pass: 0 none ... 1 all of it hidden.
  double hidden_reduction = 0;
  /// Layers of each of the p*v stages in the order of the model; empty: equal shares.
  std::vector<int> layers;

  int stages() const { return pipeline * chunks; }
  std::int64_t devices() const { return std::int64_t{tensor} * pipeline * data; }
  bool operator==(const Strategy&) const = default;
};

/// Layers of every stage. Throws ModelError where the layers do not divide into p*v equal parts (naming both
/// numbers) or the list given has the wrong length or sum.
std::vector<int> layers_of_stages(const Transformer& model, const Strategy& strategy);

/// Throws ModelError where the strategy's numbers make no sense, or it needs more devices than there are.
void check(const Strategy& strategy, const Cluster& cluster);

/// Which device has which place. Tensor ranks are innermost, then data, then pipeline (Megatron-LM's order).
struct Placement {
  int tensor = 1;
  int data = 1;
  int pipeline = 1;
  std::int64_t devices_per_node = 1;

  std::int64_t device(int tensor_rank, int data_rank, int pipeline_rank) const {
    return (std::int64_t{pipeline_rank} * data + data_rank) * tensor + tensor_rank;
  }
  std::int64_t node(std::int64_t device_index) const { return device_index / devices_per_node; }
};
Placement place(const Strategy& strategy, const Cluster& cluster);

/// A set of devices that communicate.
struct Group {
  std::int64_t size = 1;
  std::int64_t nodes = 1;     ///< nodes that they lie on
  std::int64_t per_node = 1;  ///< fewest members on one of these nodes: the network cards it can use there
  bool operator==(const Group&) const = default;
};
/// The groups of pipeline rank `rank`: of its devices the group that crosses most nodes.
Group tensor_group(const Placement& placement, int rank);
Group data_group(const Placement& placement, int rank);
/// Whether any device of rank `from` has its partner of rank `to` on another node.
bool crosses_nodes(const Placement& placement, int from, int to);

}  // namespace stagecraft
