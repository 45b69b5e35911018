#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// What kind of kernel does an operator's work; a cost model has an efficiency for each.
enum class KernelClass : std::uint8_t {
  Gemm,           ///< matrix products with weights
  Attention,      ///< batched products of activations, or one fused kernel
  Softmax,        ///< row-wise reductions over scores
  Normalization,  ///< LayerNorm, RMSNorm
  Elementwise,    ///< activations, dropout, residual additions, rotary positions
  Embedding,      ///< table look-up
  CrossEntropy,   ///< softmax and loss over the vocabulary
  Collective,     ///< communication inside the tensor-parallel group
  Other,
};
inline constexpr int kKernelClasses = 9;

struct KernelClassInfo {
  KernelClass kind;
  std::string_view name;  ///< as in files and reports: "gemm"
  std::string_view help;
};
/// One entry per KernelClass, in the order of the enumeration.
std::span<const KernelClassInfo> kernel_classes();
inline const KernelClassInfo& info(KernelClass kind) {
  return kernel_classes()[static_cast<std::size_t>(kind)];
}

enum class Collective : std::uint8_t { None, AllReduce, AllGather, ReduceScatter };
inline constexpr int kCollectives = 4;
/// "all_reduce"; "none" for None.
std::string_view name(Collective collective);

/// How much of the activations is thrown away after the forward pass and made again before the backward.
enum class Recompute : std::uint8_t {
  None,       ///< everything that the backward pass reads is kept
  Selective,  ///< scores and their softmax and dropout are made again (Korthikanti et al. 2022, section 5)
  Full,       ///< only each layer's input is kept
};
inline constexpr int kRecomputes = 3;
/// "none", "selective", "full".
std::string_view name(Recompute recompute);

/// The matrix products of one pass: C[m, n] += A[m, k] B[k, n], `batch` of them.
/// A dimension that grows with the samples of a micro-batch has its flag set (rows of a forward product,
/// k of a weight gradient, the batch of attention).
struct Gemm {
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::int64_t batch = 1;
  enum class Grows : std::uint8_t { M, K, Batch } grows = Grows::M;

  bool empty() const { return m == 0; }
  /// The dimensions for `samples` samples.
  Gemm at(std::int64_t samples) const;
  /// 2 m n k per product.
  double flops() const;
  bool operator==(const Gemm&) const = default;
};

/// What runs instead of a fused kernel where the micro-batch does not suit it: more kernels, more bytes.
struct Fallback {
  std::int64_t batch_per_sample = 0;  ///< the fused kernel's batch dimension, per sample; 0: no fallback
  std::int64_t multiple = 1;          ///< which its batch dimension must be a multiple of
  double bytes_per_sample = 0;
  int kernels = 0;

  bool needed(std::int64_t samples) const {
    return batch_per_sample > 0 && batch_per_sample * samples % multiple != 0;
  }
  bool operator==(const Fallback&) const = default;
};

/// The work of one pass (forward, input gradient, weight gradient) of one operator on one device.
struct Pass {
  double flops_per_sample = 0;  ///< of matrix products, a multiply-add counted as two, no mask skipped
  double bytes_per_sample = 0;  ///< activations read and written in device memory
  double fixed_bytes = 0;       ///< weights or weight gradients read and written, whatever the micro-batch
  int kernels = 0;              ///< kernels launched; 0: the pass does nothing
  std::array<Gemm, 2> gemms;    ///< the matrix products; empty where there are none
  double executed_share = 1;  ///< FLOPs run over FLOPs counted: half where a fused kernel skips a causal mask
  Collective collective = Collective::None;
  double payload_per_sample = 0;  ///< bytes of the whole (gathered) tensor of the collective
  bool hidden = false;            ///< the collective runs beside the kernels of the pass
  Fallback fallback;              ///< in place of `kernels` and `bytes_per_sample`, where it is needed
  bool operator==(const Pass&) const = default;
};

/// What one fused attention kernel works on, per sample.
struct AttentionShape {
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t sequence = 0;
  bool causal = true;
  bool operator==(const AttentionShape&) const = default;
};

/// One operator as one device of the tensor-parallel group sees it. Bytes and FLOPs are per sample (one
/// sequence, one image): a cost model scales them to the micro-batch.
struct Operator {
  std::string name;
  KernelClass kernel = KernelClass::Other;
  Pass forward;
  Pass input_gradient;
  Pass weight_gradient;
  std::int64_t parameters = 0;  ///< on this device
  /// Activation bytes kept from forward to backward per sample, under each Recompute.
  std::array<std::int64_t, kRecomputes> saved_bytes{};
  /// Bytes that the weight gradient still reads after the input gradient is done: input and output gradient.
  std::int64_t weight_gradient_bytes = 0;
  std::int64_t output_bytes = 0;  ///< per sample
  /// The least recomputation under which this operator's forward is run again; None: never.
  Recompute recomputed_from = Recompute::None;
  std::optional<AttentionShape> attention;  ///< where it is one fused kernel
  bool operator==(const Operator&) const = default;

  bool recomputed(Recompute policy) const {
    return recomputed_from != Recompute::None && policy >= recomputed_from;
  }
};

/// Output of operator `from` is an input of operator `to`: indices into OperatorGraph::operators.
struct Edge {
  int from = 0;
  int to = 0;
  auto operator<=>(const Edge&) const = default;
};

/// A directed acyclic graph of operators; several sources, sinks and branches are fine.
struct OperatorGraph {
  std::vector<Operator> operators;
  std::vector<Edge> edges;

  /// Appends an operator that reads the outputs of `inputs`; returns its index.
  int add(Operator op, std::span<const int> inputs = {});
  /// Appends all of `next`; its sources read the output of this graph's last operator.
  void append(const OperatorGraph& next);
  bool operator==(const OperatorGraph&) const = default;
};

/// Indices so that every operator comes after its inputs; among free choices the lowest index first, so the
/// order of a graph that is already sorted is unchanged.
/// Throws ModelError for an edge to nowhere, and for a cycle, which it names: "a -> b -> a".
std::vector<int> topological_order(const OperatorGraph& graph);

/// Cuts the topological order into `sizes.size()` contiguous runs of those lengths: the stage of every
/// operator. Such stages are always convex. Throws ModelError where the sizes do not sum to the operators.
std::vector<int> contiguous_stages(const OperatorGraph& graph, std::span<const int> sizes);

/// Edges between different stages, each once, sorted. `stage_of` has one entry, >= 0, per operator.
/// Throws ModelError where a stage is not convex: a path leaves it and comes back, so that stages would wait
/// for each other; the stages of the cycle are named.
std::vector<Edge> stage_edges(const OperatorGraph& graph, std::span<const int> stage_of);

/// Sums over all operators.
double flops_per_sample(const OperatorGraph& graph,
                        Recompute recompute);  ///< forward + backward + recomputed
std::int64_t parameters(const OperatorGraph& graph);
std::int64_t saved_bytes_per_sample(const OperatorGraph& graph, Recompute recompute);

}  // namespace stagecraft
