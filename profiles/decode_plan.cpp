// Drafting and verification of tokens (Leviathan et al., "Fast Inference from Transformers via Speculative
// Decoding", arXiv 2211.17192) by decoders of random weights: `layers` layers of Llama 3's proportions (heads
// of 128, a quarter as many for keys, 3.5 times the hidden features inside the MLP, gate and up each a
// product of its own), an embedding before them, norm, output product and softmax behind. A step runs `query`
// new tokens of each of `batch` sequences against a cache that has `kv_len` tokens with them. A round is
// query - 1 steps of the draft model, a token each, and one step of the target with `query`; the cache's
// length stays that of its end, and tokens are not read back on the way, as where the sampling runs on the
// device.
#include "profiles/plan_builder.h"

#include <algorithm>

namespace stagecraft {

namespace {

constexpr std::int64_t kHeadDim = 128;
constexpr std::int64_t kVocabulary = 32000;

struct Model {
  std::int64_t batch, cached, query, hidden, layers;

  std::int64_t tokens() const { return batch * query; }
  std::int64_t kv_heads() const { return std::max<std::int64_t>(hidden / kHeadDim / 4, 1); }
  std::int64_t kv_width() const { return kv_heads() * kHeadDim; }
  std::int64_t ffn() const { return hidden * 7 / 2; }
};

Model model_of(const SuitePoint& pass) {
  return {.batch = pass.at("batch"),
          .cached = pass.at("kv_len"),
          .query = std::max<std::int64_t>(pass.at("query"), 1),
          .hidden = pass.at("hidden"),
          .layers = pass.at("layers")};
}

/// The places of the last `query` tokens of each sequence in its part of the cache.
std::vector<std::int32_t> places(const Model& model) {
  std::vector<std::int32_t> numbers;
  for (std::int64_t sequence = 0; sequence < model.batch; ++sequence)
    for (std::int64_t token = model.query; token > 0; --token)
      numbers.push_back(static_cast<std::int32_t>((sequence + 1) * model.cached - token));
  return numbers;
}

/// Any tokens, far from each other in the table.
std::vector<std::int32_t> token_ids(const Model& model) {
  std::vector<std::int32_t> numbers;
  for (std::int64_t i = 0; i < model.tokens(); ++i)
    numbers.push_back(static_cast<std::int32_t>(i * 7919 % kVocabulary));
  return numbers;
}

SuitePoint attention_point(const Model& model) {
  Axes axes = {{"batch", model.batch}, {"kv_len", model.cached}};
  if (model.query > 1) axes.emplace_back("query", model.query);
  axes.insert(axes.end(),
              {{"q_heads", model.hidden / kHeadDim}, {"kv_heads", model.kv_heads()}, {"head_dim", kHeadDim}});
  return {model.query > 1 ? "verify-attention" : "decode-attention", "bf16", axes};
}

/// Keys and values of a token lie beside each other, in the product's rows and in the cache.
PassOperand attention(PlanBuilder& builder, const Model& model, PassOperand x, PassOperand slots) {
  const std::int64_t t = model.tokens(), h = model.hidden, kv = 2 * model.kv_width();
  const PassOperand normal = builder.stream("rmsnorm", t, h, {x, builder.weights(h)});
  PassOperand qkv = builder.product(t, h + kv, h, builder.weights((h + kv) * h), normal);
  qkv.pitch = h + kv;
  PassOperand cache = builder.buffer(PassBuffer::Content::Cache, model.batch * model.cached * kv);
  cache.pitch = kv;
  builder.add({{"kv-append", "bf16", {{"rows", t}, {"width", kv}}}, {qkv.at(h), {}, slots}, {cache}});
  const PassOperand context = builder.written(t * h);
  builder.add({attention_point(model), {qkv, cache, cache.at(kv / 2)}, {context}});
  const PassOperand projected = builder.product(t, h, h, builder.weights(h * h), context);
  return builder.stream("residual-add", t, h, {x, projected});
}

PassOperand mlp(PlanBuilder& builder, const Model& model, PassOperand x) {
  const std::int64_t t = model.tokens(), h = model.hidden, f = model.ffn();
  const PassOperand normal = builder.stream("rmsnorm", t, h, {x, builder.weights(h)});
  const PassOperand gate = builder.product(t, f, h, builder.weights(f * h), normal);
  const PassOperand up = builder.product(t, f, h, builder.weights(f * h), normal);
  const PassOperand active = builder.stream("swiglu", t, f, {gate, up});
  const PassOperand down = builder.product(t, h, f, builder.weights(h * f), active);
  return builder.stream("residual-add", t, h, {x, down});
}

PassPlan step(const Model& model) {
  PlanBuilder builder;
  const std::int64_t t = model.tokens(), h = model.hidden;
  const PassOperand slots = builder.rows(places(model));
  PassOperand x = builder.stream(
      "embedding", t, h, {PassOperand{}, builder.weights(kVocabulary * h), builder.rows(token_ids(model))});
  for (std::int64_t layer = 0; layer < model.layers; ++layer)
    x = mlp(builder, model, attention(builder, model, x, slots));
  const PassOperand normal = builder.stream("rmsnorm", t, h, {x, builder.weights(h)});
  const PassOperand logits = builder.product(t, kVocabulary, h, builder.weights(kVocabulary * h), normal);
  builder.stream("softmax", t, kVocabulary, {logits});
  return std::move(builder.plan);
}

/// Runs `other` behind `plan`, in buffers of its own, `times` times.
void append(PassPlan& plan, const PassPlan& other, std::int64_t times) {
  const int shift = static_cast<int>(plan.buffers.size());
  plan.buffers.insert(plan.buffers.end(), other.buffers.begin(), other.buffers.end());
  for (std::int64_t i = 0; i < times; ++i)
    for (PassKernel kernel : other.kernels) {
      for (PassOperand& in : kernel.in) in.buffer += in.buffer < 0 ? 0 : shift;
      for (PassOperand& out : kernel.out) out.buffer += out.buffer < 0 ? 0 : shift;
      plan.kernels.push_back(std::move(kernel));
    }
}

PassPlan round(const SuitePoint& pass) {
  const Model target = model_of(pass);
  Model draft = target;
  draft.query = 1;
  draft.hidden = pass.at("draft_hidden");
  draft.layers = pass.at("draft_layers");
  PassPlan plan;
  append(plan, step(draft), target.query - 1);
  append(plan, step(target), 1);
  return plan;
}

}  // namespace

PassPlan decode_plan(const SuitePoint& pass) {
  return pass.family == "draft-verify-round" ? round(pass) : step(model_of(pass));
}

}  // namespace stagecraft
