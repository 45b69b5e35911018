#include "models/transformer.h"

#include <fmt/format.h>

#include "models/model_error.h"
#include "models/transformer_layer.h"

namespace stagecraft {
namespace {

void require_bounds(const Transformer& model) {
  for (const auto& [key, member, least, most] : kDimensions) {
    const std::int64_t value = model.*member;
    if (value >= least && value <= most) continue;
    throw ModelError(fmt::format("model.{}", key),
                     fmt::format("'{}' must be between {} and {}, got {}", key, least, most, value));
  }
}

void require_shared(std::string_view what, std::int64_t count, int tensor) {
  if (count % tensor != 0) {
    throw ModelError(
        "parallel.tensor",
        fmt::format("tensor parallelism of {} does not divide the model's {} {}", tensor, count, what));
  }
}

/// The table with its padding is a vocabulary as well.
void require_padding(const Transformer& model, int tensor) {
  const std::int64_t padded = padded_vocabulary(model, tensor),
                     most = bounds_of(&Transformer::vocabulary).most;
  if (padded <= most) return;
  throw ModelError("model.vocabulary_multiple",
                   fmt::format("the vocabulary, padded to a multiple of {} times tensor {}, has {} rows, "
                               "more than {}",
                               model.vocabulary_multiple, tensor, padded, most));
}

/// Scores and parameters are counted in 64 bits, in up to 12 bytes and twice over: at this many all still
/// fit.
constexpr double kMostNumbers = 0x1p56;

/// In floating point, which does not wrap. Biases and norms are left out.
double matrix_parameters(const Transformer& model) {
  const auto h = static_cast<double>(model.hidden), d = static_cast<double>(head_dim_of(model));
  const double q = static_cast<double>(model.heads) * d, kv = static_cast<double>(kv_heads_of(model)) * d;
  const double matrices = model.activation == Activation::SwiGlu ? 3 : 2;
  const double layer = h * (2 * q + 2 * kv) + matrices * h * static_cast<double>(ffn_hidden_of(model));
  const double tables = static_cast<double>(2 * model.vocabulary + model.max_positions) * h;
  return static_cast<double>(model.layers) * layer + tables;
}

void require_countable(const Transformer& model) {
  const auto a = static_cast<double>(model.heads), s = static_cast<double>(model.sequence);
  if (model.attention == AttentionKernel::Unfused && a * s * s > kMostNumbers)
    throw ModelError("model.sequence",
                     fmt::format("the attention scores of one sample, {} heads x {}^2 tokens, are more than "
                                 "2^56; only fused attention ('attention: flash') can be simulated here",
                                 model.heads, model.sequence));
  if (matrix_parameters(model) > kMostNumbers)
    throw ModelError("model.hidden",
                     fmt::format("{} layers of hidden size {} have {:.2g} parameters, more than 2^56 = "
                                 "{:.2g}",
                                 model.layers, model.hidden, matrix_parameters(model), kMostNumbers));
}

/// Bytes of one pass over the embedding table's gradient: written dense by every micro-batch's backward, then
/// added to the fp32 sum.
constexpr std::int64_t kTableGradientBytes = 2 + 2 + 8;

Operator token_embedding(const LocalDimensions& d) {
  const std::int64_t bytes = kElement * d.s * d.h;
  Operator op = streaming("token_embedding", KernelClass::Embedding, 2 * bytes, 0, 0, bytes);
  if (d.tensor > 1) {  // tokens of other devices' rows are masked
    op.forward.bytes_per_sample += static_cast<double>(2 * bytes);
    op.forward.kernels += 2;
  }
  op.parameters = d.vocabulary * d.h;
  op.input_gradient = {};
  op.weight_gradient = {.bytes_per_sample = static_cast<double>(3 * bytes),
                        .fixed_bytes = static_cast<double>(kTableGradientBytes * op.parameters),
                        .kernels = 2};
  return op;
}

std::int64_t position_rows(const Transformer& model) {
  if (model.positions == Positions::Rotary) return 0;
  return model.max_positions > 0 ? model.max_positions : model.sequence;
}

OperatorGraph embedding_part(const Transformer& model, const LocalDimensions& d) {
  OperatorGraph graph;
  const std::int64_t bytes = kElement * d.s_local * d.h;
  int last = graph.add(token_embedding(d));
  last = end_tensor_region(graph, "embedding_output", d, last);
  if (model.positions == Positions::Learned) {
    Operator op = streaming("position_embedding", KernelClass::Embedding, 3 * bytes, bytes, 0, bytes);
    // Two rows of token types belong to an encoder: Devlin et al., "BERT", arXiv 1810.04805, section 3.
    const std::int64_t types = model.architecture == Architecture::Encoder ? 2 : 0;
    op.parameters = (position_rows(model) + types) * d.h;
    last = graph.add(op, {{last}});
  }
  if (model.architecture == Architecture::Encoder) {
    last = graph.add(normalization("embedding_norm", model.norm, d.s_local, d.h), {{last}});
  }
  if (model.dropout) {
    const std::int64_t traffic = (2 * kElement + 1) * d.s_local * d.h;
    graph.add(
        streaming("embedding_dropout", KernelClass::Elementwise, traffic, traffic, d.s_local * d.h, bytes),
        {{last}});
  }
  return graph;
}

/// Softmax cross-entropy over 4-byte logits, of which one copy is kept (Korthikanti et al. 2022,
/// section 4.3). The passes over the logits are those of a chain of elementwise kernels: cast 2 + 4 bytes,
/// maximum 4, difference 8, exponential 8, sum 4, division 8; backward: scale 8, cast 6.
Operator cross_entropy(const LocalDimensions& d) {
  const std::int64_t logits = d.s * d.vocabulary;
  Operator op =
      streaming("cross_entropy", KernelClass::CrossEntropy, 38 * logits, 14 * logits, 4 * logits, 4 * d.s);
  op.forward.kernels = 10;
  op.input_gradient.kernels = 4;
  return op;
}

/// Words hidden from an encoder are guessed through a dense layer of their own; the pooler and the
/// next-sentence classifier work on one token and cost only parameters. Source: as for BERT above.
int masked_word_transform(OperatorGraph& graph, const Transformer& model, const LocalDimensions& d) {
  const std::int64_t bytes = kElement * d.s_local * d.h;
  int last = graph.add(linear("head_dense", d.s_local, d.h, d.h, true, bytes));
  graph.operators.back().parameters += (d.h * d.h + d.h) + (2 * d.h + 2);
  last = graph.add(streaming("head_gelu", KernelClass::Elementwise, 2 * bytes, 3 * bytes, bytes, bytes),
                   {{last}});
  return graph.add(normalization("head_norm", model.norm, d.s_local, d.h), {{last}});
}

OperatorGraph head_part(const Transformer& model, const LocalDimensions& d) {
  OperatorGraph graph;
  const bool encoder = model.architecture == Architecture::Encoder;
  int last = encoder ? masked_word_transform(graph, model, d)
                     : graph.add(normalization("final_norm", model.norm, d.s_local, d.h));
  last = begin_tensor_region(graph, "head_input", d, last);
  Operator logits = linear("output_layer", d.s, d.h, d.vocabulary, encoder, kElement * d.s_local * d.h);
  if (model.tied_embeddings) logits.parameters -= d.h * d.vocabulary;
  last = graph.add(logits, {{last}});
  graph.add(cross_entropy(d), {{last}});
  return graph;
}

}  // namespace

std::int64_t kv_heads_of(const Transformer& model) {
  return model.kv_heads > 0 ? model.kv_heads : model.heads;
}

std::int64_t head_dim_of(const Transformer& model) {
  return model.head_dim > 0 ? model.head_dim : model.hidden / model.heads;
}

std::int64_t ffn_hidden_of(const Transformer& model) {
  return model.ffn_hidden > 0 ? model.ffn_hidden : 4 * model.hidden;
}

std::int64_t padded_vocabulary(const Transformer& model, int tensor) {
  const std::int64_t multiple = model.vocabulary_multiple * tensor;
  return (model.vocabulary + multiple - 1) / multiple * multiple;
}

void check(const Transformer& model, int tensor, bool sequence_parallel) {
  require_bounds(model);
  if (model.head_dim == 0 && model.hidden % model.heads != 0) {
    throw ModelError("model.heads",
                     fmt::format("{} heads do not divide the hidden size {}", model.heads, model.hidden));
  }
  if (model.heads % kv_heads_of(model) != 0) {
    throw ModelError("model.kv_heads", fmt::format("{} key-value heads do not divide the {} heads",
                                                   model.kv_heads, model.heads));
  }
  if (model.positions == Positions::Learned && position_rows(model) < model.sequence) {
    throw ModelError("model.sequence",
                     fmt::format("a sequence of {} tokens has no place in a learned position table of "
                                 "{} rows ('max_positions')",
                                 model.sequence, model.max_positions));
  }
  require_countable(model);
  if (tensor < 1)
    throw ModelError("parallel.tensor", fmt::format("'tensor' must be at least 1, got {}", tensor));
  require_padding(model, tensor);
  require_shared("heads", model.heads, tensor);
  require_shared("key-value heads", kv_heads_of(model), tensor);
  require_shared("MLP features", ffn_hidden_of(model), tensor);
  if (sequence_parallel) require_shared("tokens of a sequence", model.sequence, tensor);
}

LocalDimensions local_dimensions(const Transformer& model, const TensorSplit& split) {
  const int t = split.tensor;
  return {.s = model.sequence,
          .s_local = split.sequence_parallel ? model.sequence / t : model.sequence,
          .h = model.hidden,
          .heads = model.heads / t,
          .kv_heads = kv_heads_of(model) / t,
          .head_dim = head_dim_of(model),
          .ffn = ffn_hidden_of(model) / t,
          .vocabulary = padded_vocabulary(model, t) / t,
          .tensor = t,
          .sequence_parallel = split.sequence_parallel};
}

TransformerParts transformer_parts(const Transformer& model, const TensorSplit& split) {
  check(model, split.tensor, split.sequence_parallel);
  const LocalDimensions d = local_dimensions(model, split);
  return {embedding_part(model, d), transformer_layer(model, d), head_part(model, d)};
}

OperatorGraph transformer_graph(const Transformer& model, const TensorSplit& split) {
  const TransformerParts parts = transformer_parts(model, split);
  OperatorGraph graph = parts.embedding;
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const std::size_t first = graph.operators.size();
    graph.append(parts.layer);
    for (std::size_t i = first; i < graph.operators.size(); ++i) {
      // The residual stream goes around the attention block.
      if (graph.operators[i].name == "attention_residual") {
        graph.edges.push_back({static_cast<int>(first) - 1, static_cast<int>(i)});
      }
      graph.operators[i].name = fmt::format("layer{}.{}", layer, graph.operators[i].name);
    }
  }
  graph.append(parts.head);
  return graph;
}

std::int64_t parameters(const Transformer& model) {
  Transformer unpadded = model;
  unpadded.vocabulary_multiple = 1;
  const TransformerParts parts = transformer_parts(unpadded);
  return parameters(parts.embedding) + model.layers * parameters(parts.layer) + parameters(parts.head);
}

double model_flops_per_sample(const Transformer& model) {
  const TransformerParts parts = transformer_parts(model);
  return flops_per_sample(parts.embedding, Recompute::None) +
         static_cast<double>(model.layers) * flops_per_sample(parts.layer, Recompute::None) +
         flops_per_sample(parts.head, Recompute::None);
}

}  // namespace stagecraft
