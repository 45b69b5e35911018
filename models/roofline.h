#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/units.h"
#include "models/cluster.h"
#include "models/collectives.h"
#include "models/cost_sample.h"
#include "models/measured_kernels.h"
#include "models/operator_graph.h"
#include "models/stage_cost.h"
#include "models/strategy.h"
#include "models/transformer.h"

namespace stagecraft {

/// Everything the roofline model takes that is not on a datasheet. Five constants are fitted together, by the
/// program stagecraft_fit_roofline, on measured A100 training steps without a pipeline: vTrain's 365 on one
/// node and 23 on several (Bang et al., MICRO 2024; eager PyTorch, fp16, full recomputation), four rows of
/// Megatron-LM SC'21 table 1 and two of Korthikanti et al. 2022 table 5. Rows with a pipeline are not in the
/// objective, but their errors were seen while the model's form, the bound of gemm_efficiency and the
/// constants that are not fitted were chosen: they are no untouched test set.
struct RooflineConstants {
  /// Share of the tensor-core peak inside a full wave of full tiles. Fitted, and at its bound of 0.9, an
  /// assumption: with 0.95 the fit goes there too, and pipelined rows come out too fast.
  double gemm_efficiency = 0.9;
  /// Share of the speed so bounded, by the memory too, that products of activations (scores, context) reach
  /// with the scores in memory. Fitted.
  double attention_efficiency = 0.338;
  /// The same for fused attention. Source: Dao, FlashAttention-2, 2023, section 4.1 (50-73 % on A100).
  double flash_efficiency = 0.6;
  /// Depth in k that filling and draining the pipeline of a tile costs: assumed, two steps of 32.
  double gemm_ramp_k = 64;
  /// Share of the memory bandwidth that streaming kernels reach: assumed, about 1.8 of an A100's 2.04 TB/s.
  double memory_efficiency = 0.88;
  /// Device time per kernel beyond its work: gap, ramp and tail. Assumed; a fit takes it to zero, since
  /// host_overlap already lets the device wait for the host.
  Duration kernel_gap{1500};
  /// The host's time per kernel, its share of the framework included: binds where kernels are short. Fitted.
  Duration host_launch{53100};
  /// How unevenly the ranks of a tensor group come to a collective that all wait for: the standard deviation
  /// of their times. The last of n is expected E(n) of these late, the largest of n normal variables. Fitted.
  Duration rank_spread{50900};
  /// The device waits for the host where kernels are short and the host for the device where they are long,
  /// in turns within one part of a pass: together they take (device^q + host^q)^(1/q). Chosen: between 4 and
  /// 7 the error on vTrain's rows without a pipeline differs by 0.3 %, with a plain maximum it is 1.5 %
  /// larger.
  double host_overlap = 5;
  /// The host's time per micro-batch on the first stage: data, masks, loss. Read off vTrain's rows with
  /// tensor-parallel groups: what remains of a micro-batch at zero layers and zero samples.
  Duration host_microbatch{2000000};
  /// Share of a fused forward and backward's communication that its computation hides: 109.3 of 113.4 ms in
  /// DeepSeek's trace (deepseek-ai/profile-data, train.json).
  double fused_hiding = 0.963;
  /// Bytes per parameter that one Adam step moves: gradient 4, master weight 8, moments 16, weight 2; the
  /// norm 4 and unscaling 8.
  double optimizer_bytes_per_parameter = 42;
  CollectiveConstants collectives;
  bool operator==(const RooflineConstants&) const = default;
};

/// One pass of one operator for one micro-batch, and what limits it.
struct PassTime {
  double device_seconds = 0;  ///< by the roofline, with latencies and gaps between kernels
  double host_seconds = 0;    ///< what the host needs to launch its kernels
  double flops_seconds = 0;   ///< what arithmetic alone needs at the device's peak
  double bytes_seconds = 0;   ///< what its bytes alone need at the device's memory bandwidth
};

/// Seconds of a matrix product on tensor cores: output tiles of the best fitting size, spread over the
/// device's processors in whole waves, each tile k + ramp deep; or its bytes, where these take longer.
double gemm_seconds(const Gemm& gemm, double efficiency, const Device& device,
                    const RooflineConstants& constants);

class LayerFactors;

/// Measurements in place of the roofline's own numbers, where there are any, and which of their possible true
/// values to take.
struct CostSources {
  const MeasuredKernels* kernels = nullptr;  ///< for kernels that it knows
  const LayerFactors* layers = nullptr;      ///< how many times the roofline's time a layer takes
  CostSample sample;
};

/// Seconds of a collective: as measured inside one node, where `sources` know it, else collective_seconds().
double group_seconds(Collective collective, double bytes, const Group& group, const Cluster& cluster,
                     const RooflineConstants& constants, const CostSources& sources);

/// Where operators run.
struct RunsOn {
  const Cluster* cluster = nullptr;
  Group tensor;
  std::int64_t micro_batch = 1;
  CostSources sources;
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
  std::vector<StageCost> stages;  ///< p*v, in the order of the model
  /// One hop forward (and one backward) over each of the p*v - 1 boundaries between stages g and g + 1.
  std::vector<Duration> hops;
};

/// Costs of every stage by the roofline model. An operator takes the longer of its arithmetic and its bytes;
/// a pass of a stage takes the sum of its operators, and no less than the host needs to launch their kernels.
/// `rank_of_stage` says where the schedule puts each of the p*v stages; empty: stage g on rank g mod p. Where
/// ranks lie decides over hops and groups; a tied table is copied, and its gradients summed over both, only
/// where the first and the last stage are on different ranks.
/// `sources.kernels`, where they are given, replace the roofline for products with weights and for fused
/// attention; a backward of fused attention takes as much longer than its forward as it has more arithmetic.
/// Throws ModelError as the check() functions do. REQUIRES: ranks are 0 ... p - 1.
ModelCosts roofline_costs(const Transformer& model, const Strategy& strategy, const Cluster& cluster,
                          const RooflineConstants& constants = {}, std::span<const int> rank_of_stage = {},
                          const CostSources& sources = {});

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
