#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "models/operator_graph.h"

namespace stagecraft {

enum class Architecture : std::uint8_t { Decoder, Encoder };  ///< GPT and Llama families; BERT
enum class Activation : std::uint8_t { Gelu, SwiGlu };
enum class Norm : std::uint8_t { LayerNorm, RmsNorm };
enum class Positions : std::uint8_t { Learned, Rotary };
enum class AttentionKernel : std::uint8_t {
  Unfused,  ///< scores, softmax, dropout and context as kernels of their own, scores in memory
  Flash,    ///< one kernel each way; scores never reach memory
};

/// A transformer by its dimensions. A 0 stands for the usual value, which the `*_or_default` functions give.
struct Transformer {
  std::string name = "transformer";
  Architecture architecture = Architecture::Decoder;
  std::int64_t layers = 0;
  std::int64_t hidden = 0;         ///< h
  std::int64_t heads = 0;          ///< a: query heads
  std::int64_t kv_heads = 0;       ///< key and value heads; 0: as many as query heads
  std::int64_t head_dim = 0;       ///< 0: hidden / heads
  std::int64_t ffn_hidden = 0;     ///< 0: 4 hidden
  std::int64_t vocabulary = 0;     ///< V, before padding
  std::int64_t sequence = 0;       ///< s: tokens of one sample
  std::int64_t max_positions = 0;  ///< rows of the learned position table; 0: sequence
  Activation activation = Activation::Gelu;
  Norm norm = Norm::LayerNorm;
  Positions positions = Positions::Learned;
  AttentionKernel attention = AttentionKernel::Unfused;
  bool tied_embeddings = true;             ///< the output layer shares the input embedding's weights
  bool linear_bias = true;                 ///< biases on every linear layer
  bool qkv_bias = true;                    ///< bias on the query, key and value projection
  bool dropout = true;                     ///< dropout masks are made and kept
  std::int64_t vocabulary_multiple = 128;  ///< the table is padded to a multiple of this times tensor ranks

  bool operator==(const Transformer&) const = default;
};

/// What a dimension may be, from a scenario or a configuration file alike. Far beyond use.
struct DimensionBounds {
  std::string_view key;  ///< as in scenarios
  std::int64_t Transformer::*member;
  std::int64_t least;
  std::int64_t most;
};
inline constexpr std::array kDimensions{
    DimensionBounds{"layers", &Transformer::layers, 1, 100'000},
    DimensionBounds{"hidden", &Transformer::hidden, 1, 1 << 20},
    DimensionBounds{"heads", &Transformer::heads, 1, 1 << 16},
    DimensionBounds{"kv_heads", &Transformer::kv_heads, 0, 1 << 16},
    DimensionBounds{"head_dim", &Transformer::head_dim, 0, 1 << 16},
    DimensionBounds{"ffn_hidden", &Transformer::ffn_hidden, 0, 1 << 24},
    DimensionBounds{"vocabulary", &Transformer::vocabulary, 1, 1 << 28},
    DimensionBounds{"sequence", &Transformer::sequence, 1, 1 << 24},
    DimensionBounds{"max_positions", &Transformer::max_positions, 0, 1 << 24},
    DimensionBounds{"vocabulary_multiple", &Transformer::vocabulary_multiple, 1, 1 << 20},
};
/// REQUIRES: `member` is in kDimensions.
constexpr const DimensionBounds& bounds_of(std::int64_t Transformer::*member) {
  for (const DimensionBounds& bounds : kDimensions) {
    if (bounds.member == member) return bounds;
  }
  throw std::logic_error("no dimension of a transformer");
}

std::int64_t kv_heads_of(const Transformer& model);
std::int64_t head_dim_of(const Transformer& model);
std::int64_t ffn_hidden_of(const Transformer& model);
/// V padded up to a multiple of vocabulary_multiple * tensor, as Megatron-LM does.
std::int64_t padded_vocabulary(const Transformer& model, int tensor);

/// Throws ModelError where a dimension is missing or out of its bounds (kDimensions), a sequence is longer
/// than the learned position table, or heads, key-value heads, the MLP or (with sequence parallelism) the
/// sequence cannot be shared by `tensor` devices.
void check(const Transformer& model, int tensor = 1, bool sequence_parallel = false);

/// How operators are spread over the devices of one tensor-parallel group.
/// Source: Shoeybi et al., "Megatron-LM", 2019, section 3 (column- and row-parallel layers);
/// Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models", 2022, section 4.2.
struct TensorSplit {
  int tensor = 1;                  ///< t
  bool sequence_parallel = false;  ///< norms, dropouts and residuals hold s/t tokens
};

/// The three parts of which a transformer is a chain, as one device of the group sees them.
struct TransformerParts {
  OperatorGraph embedding;  ///< before the first layer
  OperatorGraph layer;      ///< one layer; all are alike
  OperatorGraph head;       ///< final norm, output layer and loss (for an encoder: the masked-word head)
};

/// Operators with FLOPs, bytes and parameters. Numbers are 2-byte (bf16 or fp16), losses 4-byte.
/// A tied output layer has its parameters counted in the embedding only. Throws as check() does.
TransformerParts transformer_parts(const Transformer& model, const TensorSplit& split = {});

/// embedding, layers times layer, head, as one graph.
OperatorGraph transformer_graph(const Transformer& model, const TensorSplit& split = {});

/// Trainable parameters, without padding of the vocabulary. A pooler and a next-sentence classifier are
/// part of an encoder's head.
std::int64_t parameters(const Transformer& model);

/// Model FLOPs of one step over one sample, forward and backward, without recomputation.
double model_flops_per_sample(const Transformer& model);

}  // namespace stagecraft
