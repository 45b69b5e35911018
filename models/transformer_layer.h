#pragma once

#include "models/operator_graph.h"
#include "models/transformer.h"

namespace stagecraft {

/// The dimensions that operators are made of, as one device of the tensor-parallel group sees them.
struct LocalDimensions {
  std::int64_t s = 0;        ///< tokens of a sample
  std::int64_t s_local = 0;  ///< tokens that this device holds outside of attention and MLP
  std::int64_t h = 0;
  std::int64_t heads = 0;  ///< a / t
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  std::int64_t ffn = 0;         ///< ffn_hidden / t
  std::int64_t vocabulary = 0;  ///< padded V / t
  int tensor = 1;
  bool sequence_parallel = false;
};
LocalDimensions local_dimensions(const Transformer& model, const TensorSplit& split);

/// Operators that parts of a transformer share. `saved` is what the backward pass reads of the input.
/// Activations and weights have 2 bytes per element.
inline constexpr std::int64_t kElement = 2;

/// A linear layer of `in` -> `out` features over `tokens` tokens: a matrix product each for the output, the
/// input gradient and the weight gradient. `saved` bytes of its input are kept per sample.
Operator linear(std::string name, std::int64_t tokens, std::int64_t in, std::int64_t out, bool bias,
                std::int64_t saved);

/// A kernel that streams `forward_bytes` and, in the backward pass, `backward_bytes` per sample.
Operator streaming(std::string name, KernelClass kernel, std::int64_t forward_bytes,
                   std::int64_t backward_bytes, std::int64_t saved, std::int64_t output_bytes);

/// LayerNorm or RMSNorm over `tokens` tokens of `width` features.
Operator normalization(std::string name, Norm norm, std::int64_t tokens, std::int64_t width);

/// Where a tensor-parallel region begins (the input is copied or gathered) and ends (partial sums are added
/// or scattered). Nothing is added where t = 1.
/// Source: f and g of Megatron-LM, 2019, section 3; g and g-bar of Korthikanti et al. 2022, section 4.2.2.
int begin_tensor_region(OperatorGraph& graph, const std::string& name, const LocalDimensions& d, int input);
int end_tensor_region(OperatorGraph& graph, const std::string& name, const LocalDimensions& d, int input);

/// Marks every operator as run again under Recompute::Full, and keeps only `checkpoint` bytes of the graph.
void checkpoint_layer(OperatorGraph& graph, std::int64_t checkpoint);

OperatorGraph transformer_layer(const Transformer& model, const LocalDimensions& d);

}  // namespace stagecraft
