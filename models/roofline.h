#pragma once

#include <string>
#include <vector>

#include "base/units.h"
#include "models/cluster.h"
#include "models/collectives.h"
#include "models/operator_graph.h"
#include "models/stage_cost.h"
#include "models/strategy.h"
#include "models/transformer.h"

namespace stagecraft {

/// Everything the roofline model takes that is not on a datasheet.
struct RooflineConstants {
  double gemm_efficiency = 0.8;    ///< share of the tensor-core peak inside a full wave of full tiles
  double gemm_ramp_k = 128;        ///< depth (in k) that filling and draining a tile's pipeline costs
  double memory_efficiency = 0.8;  ///< share of the memory bandwidth that streaming kernels reach
  double flash_efficiency = 0.55;  ///< share of the peak that fused attention reaches
  Duration kernel_gap{2000};       ///< between two kernels of a stream, and their ramp
  Duration host_launch{8000};      ///< the host's time per kernel: what binds where kernels are short
  double optimizer_bytes_per_parameter = 42;  ///< read and written by one Adam step, norm and unscaling too
  CollectiveConstants collectives;
  bool operator==(const RooflineConstants&) const = default;
};

/// One pass of one operator for one micro-batch, and what limits it.
struct PassTime {
  double seconds = 0;        ///< on the device
  double flops_seconds = 0;  ///< what arithmetic alone needs
  double bytes_seconds = 0;  ///< what device memory alone needs
  double host_seconds = 0;   ///< what the host needs to launch it
};

/// Seconds of a matrix product on tensor cores: output tiles of the best fitting size, spread over the
/// device's processors in whole waves, each tile k + ramp deep; or its bytes, where these take longer.
double gemm_seconds(const Gemm& gemm, const Device& device, const RooflineConstants& constants);

/// Where operators run.
struct RunsOn {
  const Cluster* cluster = nullptr;
  Group tensor;
  std::int64_t micro_batch = 1;
};
PassTime pass_time(const Operator& op, const Pass& pass, const RunsOn& where,
                   const RooflineConstants& constants);

/// One operator of the model in a report.
struct OperatorCost {
  std::string part;  ///< "embedding", "layer" or "head"
  std::string name;
  KernelClass kernel = KernelClass::Other;
  std::int64_t times = 1;  ///< how often the model has it
  PassTime forward;
  PassTime input_gradient;
  PassTime weight_gradient;
  std::int64_t parameters = 0;
  std::int64_t saved_bytes = 0;  ///< for one micro-batch, under the strategy's recomputation
};
std::vector<OperatorCost> operator_costs(const Transformer& model, const Strategy& strategy,
                                         const Cluster& cluster, const RooflineConstants& constants = {});

/// What a simulation of one training step needs.
struct ModelCosts {
  std::vector<StageCost> stages;  ///< p*v, in the order of the model; stage g is on rank g mod p
  /// One hop forward (and one backward) over each of the p*v - 1 boundaries between stages g and g + 1.
  std::vector<Duration> hops;
};

/// Costs of every stage by the roofline model: an operator takes the longer of its arithmetic and its bytes,
/// a pass the longer of its kernels and of the host that launches them. Throws ModelError as the check()
/// functions do.
ModelCosts roofline_costs(const Transformer& model, const Strategy& strategy, const Cluster& cluster,
                          const RooflineConstants& constants = {});

/// Static memory of one device: weights, gradients, optimizer state.
/// Mixed-precision Adam as in Megatron-LM: 2-byte weights, gradients of `gradient_bytes`, fp32 master weights
/// and two fp32 moments: 16 or 18 bytes per parameter. ZeRO-1 shares the 12 bytes over the replicas.
struct StateBytes {
  std::int64_t weights = 0;
  std::int64_t gradients = 0;
  std::int64_t optimizer = 0;
};
StateBytes state_bytes(std::int64_t parameters, const Strategy& strategy);

}  // namespace stagecraft
