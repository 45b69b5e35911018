#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "models/catalog.h"
#include "models/model_error.h"
#include "models/transformer.h"

namespace stagecraft {
namespace {

Transformer preset(std::string_view name) {
  return find_preset(model_presets(), name)->value;
}

std::int64_t layer_bytes(const Transformer& model, const TensorSplit& split, Recompute recompute) {
  return saved_bytes_per_sample(transformer_parts(model, split).layer, recompute);
}

std::string message_of(const Transformer& model, int tensor = 1, bool sequence_parallel = false) {
  try {
    check(model, tensor, sequence_parallel);
  } catch (const ModelError& error) {
    return error.setting + ": " + error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("parameters are those that the models' authors publish", "[oracle]") {
  // Hugging Face's num_parameters() of the published weights.
  CHECK(parameters(preset("llama2-7b")) == 6738415616);
  CHECK(parameters(preset("llama2-13b")) == 13015864320);
  CHECK(parameters(preset("llama2-70b")) == 68976648192);
  CHECK(parameters(preset("llama3-8b")) == 8030261248);
  CHECK(parameters(preset("llama3-70b")) == 70553706496);
  CHECK(parameters(preset("llama3-405b")) == 405853388800);
  // BertForPreTraining: embeddings, 24 layers, pooler, masked-word head and next-sentence classifier.
  CHECK(parameters(preset("bert-large")) == 336226108);
}

TEST_CASE("the GPTs of the papers have the billions of their names", "[oracle]") {
  for (const auto& [name, billions] : {std::pair{"gpt-1.7b", 1.7},
                                       {"gpt-3.6b", 3.6},
                                       {"gpt-7.5b", 7.5},
                                       {"gpt-18.4b", 18.4},
                                       {"gpt-39.1b", 39.1},
                                       {"gpt-76.1b", 76.1},
                                       {"gpt-145.6b", 145.6},
                                       {"gpt-310.1b", 310.1},
                                       {"gpt-529.6b", 529.6},
                                       {"gpt-1008b", 1008.0},
                                       {"gpt3-175b", 174.6}}) {
    CAPTURE(name);
    CHECK(static_cast<double>(parameters(preset(name))) * 1e-9 == Approx(billions).margin(0.051));
  }
}

TEST_CASE("GPT parameters are 12lh^2 (1 + 13/12h + (V+s)/12lh) and the final norm", "[formula]") {
  // Narayanan et al., SC'21, equation 2; the paper leaves out the 2h of the last LayerNorm.
  const auto l = GENERATE(1, 24, 96);
  const auto h = GENERATE(1024, 2304, 12288);
  Transformer model;
  model.layers = l;
  model.hidden = h;
  model.heads = 16;
  model.vocabulary = 51200;
  model.sequence = 2048;
  const std::int64_t L = l, H = h;
  CHECK(parameters(model) == 12 * L * H * H + 13 * L * H + (51200 + 2048) * H + 2 * H);
}

TEST_CASE("with full recomputation the operators' FLOPs sum to 96Bslh^2 (1 + s/6h + V/16lh)", "[formula]") {
  // Narayanan et al., SC'21, equation 3.
  for (const auto& entry : model_presets()) {
    const Transformer& model = entry.value;
    if (model.architecture != Architecture::Decoder || model.activation != Activation::Gelu) continue;
    CAPTURE(entry.name);
    const double s = static_cast<double>(model.sequence), l = static_cast<double>(model.layers),
                 h = static_cast<double>(model.hidden), v = static_cast<double>(padded_vocabulary(model, 1));
    const double expected = 96 * s * l * h * h * (1 + s / (6 * h) + v / (16 * l * h));
    CHECK(flops_per_sample(transformer_graph(model), Recompute::Full) == Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("tensor parallelism shares all FLOPs", "[property]") {
  const Transformer model = preset("gpt-7.5b");  // its vocabulary needs no padding up to t = 8
  const double whole = flops_per_sample(transformer_graph(model), Recompute::None);
  for (const int t : {1, 2, 4, 8}) {
    CHECK(t * flops_per_sample(transformer_graph(model, {.tensor = t}), Recompute::None) == Approx(whole));
  }
  CHECK(model_flops_per_sample(model) == Approx(whole));
}

TEST_CASE("activation bytes of a layer are the equations of Korthikanti et al. 2022", "[formula]") {
  const Transformer model = preset(GENERATE("gpt-22b", "gpt-175b", "gpt-530b", "gpt-1t"));
  const std::int64_t s = model.sequence, h = model.hidden, a = model.heads;
  const auto bytes = [&](int t, bool sp, Recompute recompute) {
    return layer_bytes(model, {.tensor = t, .sequence_parallel = sp}, recompute);
  };
  for (const std::int64_t t : {1, 2, 4, 8}) {
    CAPTURE(model.name, t);
    const int n = static_cast<int>(t);
    // Equation 1 (t = 1): sbh (34 + 5as/h);  2: sbh (10 + 24/t + 5as/ht)
    CHECK(bytes(n, false, Recompute::None) == 10 * s * h + 24 * s * h / t + 5 * a * s * s / t);
    // Equation 4: sbh/t (34 + 5as/h)
    CHECK(bytes(n, true, Recompute::None) == (34 * s * h + 5 * a * s * s) / t);
    // Table 2, tensor parallelism with selective recomputation: sbh (10 + 24/t)
    CHECK(bytes(n, false, Recompute::Selective) == 10 * s * h + 24 * s * h / t);
    // Equation 6: 34sbh/t
    CHECK(bytes(n, true, Recompute::Selective) == 34 * s * h / t);
    // Full recomputation: 2sbh, the layer's input
    CHECK(bytes(n, false, Recompute::Full) == 2 * s * h);
  }
}

TEST_CASE("every term of equation 1 comes from an operator of its own", "[formula]") {
  const Transformer model = preset("gpt-22b");
  const std::int64_t sbh = model.sequence * model.hidden,
                     scores = model.heads * model.sequence * model.sequence;
  const std::vector<std::pair<std::string, std::int64_t>> expected{
      {"attention_norm", 2 * sbh},
      {"attention_qkv", 2 * sbh},
      {"attention_scores", 4 * sbh},
      {"attention_softmax", 2 * scores},
      {"attention_dropout", scores},
      {"attention_context", 2 * sbh + 2 * scores},
      {"attention_projection", 2 * sbh},
      {"attention_residual", sbh},
      {"mlp_norm", 2 * sbh},
      {"mlp_up", 2 * sbh},
      {"gelu", 8 * sbh},
      {"mlp_down", 8 * sbh},
      {"mlp_residual", sbh}};
  const OperatorGraph layer = transformer_parts(model).layer;
  REQUIRE(layer.operators.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(layer.operators[i].name == expected[i].first);
    CHECK(layer.operators[i].saved_bytes[0] == expected[i].second);
  }
}

TEST_CASE("embedding and head keep 5sbh/t + 4sbv/t with sequence parallelism", "[formula]") {
  // Korthikanti et al. 2022, section 4.3: dropout sbh/t per micro-batch in flight; LayerNorm and output layer
  // inputs 2sbh/t each, logits 4sbv/t.
  const Transformer model = preset("gpt-175b");
  const TransformerParts parts = transformer_parts(model, {.tensor = 8, .sequence_parallel = true});
  const std::int64_t sbh = model.sequence * model.hidden;
  CHECK(saved_bytes_per_sample(parts.embedding, Recompute::None) == sbh / 8);
  CHECK(saved_bytes_per_sample(parts.head, Recompute::None) == 4 * sbh / 8 + 4 * model.sequence * 51200 / 8);
}

TEST_CASE("selective recomputation saves the shares that the paper prints", "[oracle]") {
  // Korthikanti et al. 2022, section 5: 5as/h is 80 for GPT-3 and 64 for MT-NLG, so that 70 % and 65 % of the
  // activations go.
  const auto saved = [](const Transformer& model) {
    return 1 - static_cast<double>(layer_bytes(model, {}, Recompute::Selective)) /
                   static_cast<double>(layer_bytes(model, {}, Recompute::None));
  };
  CHECK(saved(preset("gpt-175b")) == Approx(0.70).margin(0.005));
  CHECK(saved(preset("gpt-530b")) == Approx(0.65).margin(0.005));
}

TEST_CASE("selective recomputation runs the scores' forward again: s/18h of the layers' FLOPs", "[formula]") {
  // Scores and context are s/6h beside 1 for the linear layers (equation 8 of the paper), a third of it
  // forward. Equation 9 of the paper charges the whole s/6h, the 2.7 % that it prints for GPT-3.
  const Transformer model = preset("gpt-175b");
  const OperatorGraph graph = transformer_graph(model);
  const double s = 2048, h = 12288, l = 96, v = 51200;
  CHECK(flops_per_sample(graph, Recompute::Selective) / flops_per_sample(graph, Recompute::None) - 1 ==
        Approx(s / (18 * h) / (1 + s / (6 * h) + v / (12 * h * l))));
}

TEST_CASE("the weight gradients of a GPT layer read 32sbh, its backward 34sbh", "[formula]") {
  // Qi et al., "Zero Bubble Pipeline Parallelism", 2024, table 1: without attention's scores.
  const Transformer model = preset("gpt-175b");
  const std::int64_t sbh = model.sequence * model.hidden;
  std::int64_t sum = 0;
  for (const Operator& op : transformer_parts(model).layer.operators) sum += op.weight_gradient_bytes;
  CHECK(sum == 32 * sbh);
  CHECK(layer_bytes(model, {}, Recompute::Selective) == 34 * sbh);
}

TEST_CASE("the vocabulary is padded to a multiple of 128 times the tensor ranks", "[oracle]") {
  // Megatron-LM pads GPT-2's 50,257 to 50,304 on one device and to 51,200 on eight.
  const Transformer model = preset("gpt3-175b");
  CHECK(padded_vocabulary(model, 1) == 50304);
  CHECK(padded_vocabulary(model, 8) == 51200);
}

TEST_CASE("flash attention keeps queries, keys, values and a row sum instead of the scores", "[formula]") {
  Transformer model = preset("gpt-175b");
  model.attention = AttentionKernel::Flash;
  const std::int64_t sbh = model.sequence * model.hidden;
  CHECK(layer_bytes(model, {}, Recompute::None) == 34 * sbh + 4 * model.heads * model.sequence);
  CHECK(layer_bytes(model, {}, Recompute::Selective) == layer_bytes(model, {}, Recompute::None));
}

TEST_CASE("a transformer's graph is one connected chain in order", "[property]") {
  Transformer model = preset("gpt-1.7b");
  model.layers = 2;
  for (const TensorSplit split : {TensorSplit{}, TensorSplit{2, false}, TensorSplit{4, true}}) {
    const OperatorGraph graph = transformer_graph(model, split);
    std::vector<int> expected(graph.operators.size());
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(topological_order(graph) == expected);
    std::vector<int> inputs(graph.operators.size());
    for (const Edge& edge : graph.edges) ++inputs[static_cast<std::size_t>(edge.to)];
    CHECK(std::count(inputs.begin(), inputs.end(), 0) == 1);  // only the token embedding has none
  }
}

TEST_CASE("a model that cannot be or cannot be shared is refused with its numbers", "[error]") {
  Transformer model = preset("llama3-8b");
  CHECK(message_of(model) == "no error");
  CHECK(message_of(model, 3) ==
        "parallel.tensor: tensor parallelism of 3 does not divide the model's 32 heads");
  CHECK(message_of(model, 16) ==
        "parallel.tensor: tensor parallelism of 16 does not divide the model's 8 key-value heads");
  CHECK(message_of(model, 0) == "parallel.tensor: 'tensor' must be at least 1, got 0");
  model.sequence = 8191;
  CHECK(message_of(model, 2, true) ==
        "parallel.tensor: tensor parallelism of 2 does not divide the model's 8191 tokens of a sequence");
  model.ffn_hidden = 14337;
  CHECK(message_of(model, 2) ==
        "parallel.tensor: tensor parallelism of 2 does not divide the model's 14337 MLP features");
  model.kv_heads = 5;
  CHECK(message_of(model) == "model.kv_heads: 5 key-value heads do not divide the 32 heads");
  model.heads = 33;
  CHECK(message_of(model) == "model.heads: 33 heads do not divide the hidden size 4096");
  model.layers = 0;
  CHECK(message_of(model) == "model.layers: 'layers' must be between 1 and 100000, got 0");
}

TEST_CASE("every dimension has bounds, and the padded table those of a vocabulary", "[error]") {
  for (const DimensionBounds& bounds : kDimensions) {
    for (const std::int64_t value : {bounds.least - 1, bounds.most + 1}) {
      Transformer model = preset("gpt-1.7b");
      model.*bounds.member = value;
      CHECK(message_of(model) == fmt::format("model.{0}: '{0}' must be between {1} and {2}, got {3}",
                                             bounds.key, bounds.least, bounds.most, value));
    }
  }
  Transformer model = preset("gpt-1.7b");
  model.vocabulary_multiple = 1 << 20;
  CHECK(message_of(model) == "no error");
  model.heads = 512;
  model.head_dim = 64;
  CHECK(message_of(model, 512) ==
        "model.vocabulary_multiple: the vocabulary, padded to a multiple of 1048576 times tensor 512, has "
        "536870912 rows, more than 268435456");
}

TEST_CASE("what 64 bits cannot count is refused before anything is multiplied", "[error]") {
  // Every dimension within its bounds, but a s^2 = 2^64 wraps to 0.
  Transformer model{.layers = 1, .hidden = 1024, .heads = 1 << 16, .head_dim = 1, .vocabulary = 1};
  model.sequence = 1 << 24;
  CHECK(message_of(model) ==
        "model.sequence: the attention scores of one sample, 65536 heads x 16777216^2 tokens, are more than "
        "2^56; only fused attention ('attention: flash') can be simulated here");
  model.attention = AttentionKernel::Flash;
  CHECK(message_of(model) == "no error");
  // 100,000 layers of 2 x 2^20 x 2^24
  model = {.layers = 100000, .hidden = 1 << 20, .heads = 1024, .ffn_hidden = 1 << 24, .vocabulary = 1};
  model.sequence = 1;
  CHECK(message_of(model) ==
        "model.hidden: 100000 layers of hidden size 1048576 have 4e+18 parameters, more than 2^56 = 7.2e+16");
}

TEST_CASE("the largest models that are accepted have sizes that are right", "[property]") {
  // Close to both limits: a s^2 = 2^56, and layers x (4h^2 + 2h ffn) = 1000 x 2^46.
  Transformer model{
      .layers = 1000, .hidden = 1 << 20, .heads = 1 << 16, .head_dim = 16, .vocabulary = 1 << 20};
  model.ffn_hidden = 1 << 24;
  model.sequence = 1 << 20;
  CHECK(static_cast<double>(parameters(model)) ==
        Approx(1000 * (4 * 0x1p40 + 2 * 0x1p44) + 0x1p40 + 0x1p40).epsilon(1e-6));
  const double s = 0x1p20, h = 0x1p20, a = 0x1p16, f = 0x1p24;
  CHECK(static_cast<double>(layer_bytes(model, {}, Recompute::None)) ==
        Approx(s * (18 * h + 4 * f) + 5 * a * s * s).epsilon(1e-6));
}

TEST_CASE("a sequence longer than a learned position table is refused, rotary positions have no end",
          "[error]") {
  Transformer model = preset("gpt-1.7b");
  model.max_positions = 1024;
  CHECK(message_of(model) ==
        "model.sequence: a sequence of 2048 tokens has no place in a learned position table of 1024 rows "
        "('max_positions')");
  model.max_positions = 2048;
  CHECK(message_of(model) == "no error");
  model.max_positions = 1024;
  model.positions = Positions::Rotary;
  CHECK(message_of(model) == "no error");
}

}  // namespace stagecraft
