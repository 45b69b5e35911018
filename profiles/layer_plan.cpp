// One decoder layer in training, pre-norm: norm, query-key-value product, attention, projection, residual,
// norm, MLP, residual (Shoeybi et al., "Megatron-LM", arXiv 1909.08053). gated=0: LayerNorm and GELU with
// four times the hidden features; gated=1: RMSNorm and SwiGLU with 8/3 of them, up to a multiple of 256, gate
// and up each a product of its own (Touvron et al., "Llama", arXiv 2302.13971). Heads of 128, as many for
// keys as for queries. Attention is forward one fused kernel, without a mask or (causal=1) with one; its
// backward pass is unfused and without a mask, with the scores in memory: per sequence five batched products,
// a softmax, and a softmax's gradient. No dropout, biases or rotary positions; weight gradients are added to
// sums in fp32.
#include <cmath>

#include "profiles/plan_builder.h"

namespace stagecraft {

namespace {

constexpr std::int64_t kHeadDim = 128;

/// A layer's dimensions, weights and what its forward pass keeps.
struct Layer {
  std::int64_t batch = 0, sequence = 0, hidden = 0, heads = 0, ffn = 0;
  bool gated = false;
  bool causal = false;
  PassOperand norm1, qkv_weight, projection_weight, norm2, gate_weight, up_weight, down_weight;
  PassOperand input, normal1, qkv, context, residual, normal2, gate, up, active;

  std::int64_t tokens() const { return batch * sequence; }
  const char* norm() const { return gated ? "rmsnorm" : "layernorm"; }
  const char* norm_gradient() const { return gated ? "rmsnorm-gradient" : "layernorm-gradient"; }
};

Layer layer_of(const SuitePoint& pass, PlanBuilder& builder) {
  Layer layer;
  layer.batch = pass.at("batch");
  layer.sequence = pass.at("sequence");
  layer.gated = pass.at("gated") != 0;
  layer.causal = pass.at("causal") != 0;
  const std::int64_t h = layer.hidden = pass.at("hidden");
  layer.heads = h / kHeadDim;
  layer.ffn = layer.gated ? (8 * h / 3 + 255) / 256 * 256 : 4 * h;
  layer.norm1 = builder.weights(h);
  layer.qkv_weight = builder.weights(3 * h * h);
  layer.projection_weight = builder.weights(h * h);
  layer.norm2 = builder.weights(h);
  if (layer.gated) layer.gate_weight = builder.weights(layer.ffn * h);
  layer.up_weight = builder.weights(layer.ffn * h);
  layer.down_weight = builder.weights(h * layer.ffn);
  layer.input = builder.weights(layer.tokens() * h);
  return layer;
}

/// Part 0, 1 or 2 of the query-key-value product's rows: queries, keys, values.
PassOperand part(const Layer& layer, PassOperand qkv, std::int64_t index) {
  qkv.offset += index * layer.hidden;
  qkv.pitch = 3 * layer.hidden;
  return qkv;
}

PassOperand attention(PlanBuilder& builder, const Layer& layer) {
  const PassOperand context = builder.written(layer.tokens() * layer.hidden);
  builder.add({{layer.causal ? "prefill-attention" : "unmasked-attention",
                "bf16",
                {{"batch", layer.batch},
                 {"sequence", layer.sequence},
                 {"q_heads", layer.heads},
                 {"kv_heads", layer.heads},
                 {"head_dim", kHeadDim}}},
               {part(layer, layer.qkv, 0), part(layer, layer.qkv, 1), part(layer, layer.qkv, 2)},
               {context}});
  return context;
}

void forward(PlanBuilder& builder, Layer& layer) {
  const std::int64_t t = layer.tokens(), h = layer.hidden, f = layer.ffn;
  layer.normal1 = builder.stream(layer.norm(), t, h, {layer.input, layer.norm1});
  layer.qkv = builder.product(t, 3 * h, h, layer.qkv_weight, layer.normal1);
  layer.context = attention(builder, layer);
  const PassOperand projected = builder.product(t, h, h, layer.projection_weight, layer.context);
  layer.residual = builder.stream("residual-add", t, h, {layer.input, projected});
  layer.normal2 = builder.stream(layer.norm(), t, h, {layer.residual, layer.norm2});
  if (layer.gated) layer.gate = builder.product(t, f, h, layer.gate_weight, layer.normal2);
  layer.up = builder.product(t, f, h, layer.up_weight, layer.normal2);
  layer.active = layer.gated ? builder.stream("swiglu", t, f, {layer.gate, layer.up})
                             : builder.stream("gelu", t, f, {layer.up});
  const PassOperand down = builder.product(t, h, f, layer.down_weight, layer.active);
  builder.stream("residual-add", t, h, {layer.residual, down});
}

/// Heads of one sequence as a batch: rows of `pitch` elements, a head behind the other within each.
PassOperand heads_of(PassOperand rows, std::int64_t sequence_index, const Layer& layer) {
  const std::int64_t pitch = rows.pitch ? rows.pitch : layer.hidden;
  return {rows.buffer, rows.offset + sequence_index * layer.sequence * pitch, pitch, kHeadDim};
}

/// Scores of one sequence, all heads: as they are, their softmax, and the gradients of both. The sequences
/// take turns.
struct Scores {
  PassOperand raw, probabilities, dprobabilities, draw;
};

Scores scores_of(PlanBuilder& builder, const Layer& layer) {
  const std::int64_t elements = layer.heads * layer.sequence * layer.sequence;
  return {builder.written(elements), builder.written(elements), builder.written(elements),
          builder.written(elements)};
}

/// A kernel over the rows of the scores.
void over_scores(PlanBuilder& builder, const Layer& layer, const char* family,
                 const std::array<PassOperand, 3>& in, PassOperand out) {
  builder.add(
      {{family, "bf16", {{"rows", layer.heads * layer.sequence}, {"width", layer.sequence}}}, in, {out}});
}

/// Of scores q k^T, p = softmax, output p v: dv = p^T do; dp = do v^T; ds by the softmax; dq = ds k; dk =
/// ds^T q.
void sequence_backward(PlanBuilder& builder, const Layer& layer, std::int64_t index, const Scores& scores,
                       PassOperand dcontext, PassOperand dqkv) {
  const std::int64_t a = layer.heads, s = layer.sequence;
  const double scale = 1 / std::sqrt(static_cast<double>(kHeadDim));
  const auto of = [&](PassOperand rows, std::int64_t which) {
    return heads_of(part(layer, rows, which), index, layer);
  };
  const PassOperand q = of(layer.qkv, 0), k = of(layer.qkv, 1), v = of(layer.qkv, 2);
  const PassOperand doutput = heads_of(dcontext, index, layer);
  const SuitePoint square = batched_product("batched-gemm", a, s, s, kHeadDim);
  const SuitePoint transposed = batched_product("batched-gemm-weight-gradient", a, s, kHeadDim, s);
  builder.add({square, {k, q}, {scores.raw}, scale});
  over_scores(builder, layer, "softmax", {scores.raw}, scores.probabilities);
  builder.add({transposed, {doutput, scores.probabilities}, {of(dqkv, 2)}});
  builder.add({square, {v, doutput}, {scores.dprobabilities}});
  over_scores(builder, layer, "softmax-gradient", {scores.probabilities, scores.dprobabilities}, scores.draw);
  builder.add({batched_product("batched-gemm-input-gradient", a, s, kHeadDim, s),
               {k, scores.draw},
               {of(dqkv, 0)},
               scale});
  builder.add({transposed, {q, scores.draw}, {of(dqkv, 1)}, scale});
}

/// Returns the gradient of the residual stream between attention and MLP.
PassOperand mlp_backward(PlanBuilder& builder, const Layer& layer, PassOperand dy) {
  const std::int64_t t = layer.tokens(), h = layer.hidden, f = layer.ffn;
  const PassOperand dactive = builder.input_gradient(t, f, h, layer.down_weight, dy);
  builder.weight_gradient(h, f, t, layer.active, dy);
  PassOperand dup, dnormal;
  if (layer.gated) {
    const PassOperand dgate = builder.stream("swiglu-gradient", t, f, {layer.gate, layer.up, dactive});
    dup = builder.plan.kernels.back().out[1] = builder.written(t * f);
    const PassOperand of_gate = builder.input_gradient(t, h, f, layer.gate_weight, dgate);
    builder.weight_gradient(f, h, t, layer.normal2, dgate);
    dnormal = builder.stream("residual-add", t, h,
                             {of_gate, builder.input_gradient(t, h, f, layer.up_weight, dup)});
  } else {
    dup = builder.stream("gelu-gradient", t, f, {layer.up, dactive});
    dnormal = builder.input_gradient(t, h, f, layer.up_weight, dup);
  }
  builder.weight_gradient(f, h, t, layer.normal2, dup);
  const PassOperand through =
      builder.norm_gradient(layer.norm_gradient(), t, h, layer.residual, dnormal, layer.norm2);
  return builder.stream("residual-add", t, h, {through, dy});
}

void attention_backward(PlanBuilder& builder, const Layer& layer, PassOperand dresidual) {
  const std::int64_t t = layer.tokens(), h = layer.hidden;
  const PassOperand dcontext = builder.input_gradient(t, h, h, layer.projection_weight, dresidual);
  builder.weight_gradient(h, h, t, layer.context, dresidual);
  const PassOperand dqkv = builder.written(3 * t * h);
  const Scores scores = scores_of(builder, layer);
  for (std::int64_t i = 0; i < layer.batch; ++i) sequence_backward(builder, layer, i, scores, dcontext, dqkv);
  const PassOperand dnormal = builder.input_gradient(t, h, 3 * h, layer.qkv_weight, dqkv);
  builder.weight_gradient(3 * h, h, t, layer.normal1, dqkv);
  const PassOperand through =
      builder.norm_gradient(layer.norm_gradient(), t, h, layer.input, dnormal, layer.norm1);
  builder.stream("residual-add", t, h, {through, dresidual});
}

}  // namespace

PassPlan layer_plan(const SuitePoint& pass) {
  PlanBuilder builder;
  Layer layer = layer_of(pass, builder);
  forward(builder, layer);
  if (pass.family == "layer-forward") return std::move(builder.plan);
  builder.plan.before = std::exchange(builder.plan.kernels, {});
  const PassOperand dy = builder.weights(layer.tokens() * layer.hidden);
  attention_backward(builder, layer, mlp_backward(builder, layer, dy));
  return std::move(builder.plan);
}

}  // namespace stagecraft
