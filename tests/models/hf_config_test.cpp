#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "models/hf_config.h"
#include "models/model_error.h"

namespace stagecraft {
namespace {

std::string message_of(std::string_view json) {
  try {
    transformer_from_hf(json);
  } catch (const ModelError& error) {
    return error.setting + ": " + error.what();
  }
  return "no error";
}

}  // namespace

// Counts: num_parameters() of the weights that go with the configuration.
TEST_CASE("GPT-2's configuration gives its 124,439,808 parameters", "[oracle]") {
  const Transformer model =
      transformer_from_hf(R"({"model_type": "gpt2", "n_layer": 12, "n_embd": 768, "n_head": 12,
      "n_positions": 1024, "vocab_size": 50257, "n_inner": null})");
  CHECK(parameters(model) == 124439808);
  CHECK(model.sequence == 1024);
  CHECK(model.tied_embeddings);
  CHECK(model.dropout);
}

TEST_CASE("Pythia-6.9B's configuration gives its 6,857,302,016 parameters", "[oracle]") {
  const Transformer model = transformer_from_hf(R"({"model_type": "gpt_neox", "num_hidden_layers": 32,
      "hidden_size": 4096, "num_attention_heads": 32, "intermediate_size": 16384, "vocab_size": 50432,
      "max_position_embeddings": 2048, "tie_word_embeddings": false})");
  CHECK(parameters(model) == 6857302016);
  CHECK(model.positions == Positions::Rotary);
}

TEST_CASE("Llama-3.2-1B's configuration gives its 1,235,814,400 parameters", "[oracle]") {
  const Transformer model = transformer_from_hf(R"({"model_type": "llama", "num_hidden_layers": 16,
      "hidden_size": 2048, "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64,
      "intermediate_size": 8192, "vocab_size": 128256, "max_position_embeddings": 131072,
      "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false})");
  CHECK(parameters(model) == 1235814400);
}

TEST_CASE("Mistral-7B's configuration gives its 7,241,732,096 parameters", "[oracle]") {
  const Transformer model = transformer_from_hf(R"({"model_type": "mistral", "num_hidden_layers": 32,
      "hidden_size": 4096, "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
      "vocab_size": 32000, "max_position_embeddings": 32768, "tie_word_embeddings": false})");
  CHECK(parameters(model) == 7241732096);
}

TEST_CASE("Qwen2-7B's configuration, which has biases only on q, k and v, gives its 7,615,616,512",
          "[oracle]") {
  const Transformer model = transformer_from_hf(R"({"model_type": "qwen2", "num_hidden_layers": 28,
      "hidden_size": 3584, "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944,
      "vocab_size": 152064, "max_position_embeddings": 131072, "tie_word_embeddings": false})");
  CHECK(parameters(model) == 7615616512);
}

TEST_CASE("a configuration that cannot be used says why", "[error]") {
  CHECK(message_of("{") == "model.hf_config: not valid JSON at byte 2");
  CHECK(message_of("[]") == "model.hf_config: a model configuration must be a JSON object");
  CHECK(message_of("{}") == "model.hf_config: 'model_type' is missing");
  CHECK(message_of(R"({"model_type": "mamba"})") ==
        "model.hf_config: unknown model_type 'mamba'; known: gpt2, gpt_neox, llama, mistral, qwen2");
  CHECK(message_of(R"({"model_type": "gpt2"})") == "model.hf_config: 'n_layer' is missing");
  CHECK(message_of(R"({"model_type": "gpt2", "n_layer": "twelve"})") ==
        "model.hf_config: 'n_layer' must be an integer, got \"twelve\"");
  CHECK(message_of(R"({"model_type": "gpt2", "n_layer": -1})") ==
        "model.hf_config: 'n_layer' must be between 1 and 100000, got -1");
  CHECK(message_of(R"({"model_type": "gpt2", "n_layer": 2, "n_embd": 10, "n_head": 3, "n_positions": 8,
                       "vocab_size": 5})") == "model.heads: 3 heads do not divide the hidden size 10");
  CHECK(message_of(
            R"({"model_type": "llama", "num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 2,
                       "intermediate_size": 16, "max_position_embeddings": 8, "vocab_size": 5,
                       "mlp_bias": true})") ==
        "model.hf_config: biases in attention or MLP ('attention_bias', 'mlp_bias') are not modelled for "
        "this family");
  CHECK(message_of(R"({"model_type": "gpt2", "rope_theta": 1e999})") ==
        "model.hf_config: not usable JSON: number overflow parsing '1e999'");
  CHECK(message_of(std::string(100, '[')) ==
        "model.hf_config: the configuration is nested deeper than 64 levels");
}

TEST_CASE("a configuration's dimensions have the bounds of a scenario's", "[error]") {
  // 2^40 layers were none as an int; 2^63 is no int64.
  for (const char* layers : {"1099511627776", "9223372036854775808", "100001", "0"}) {
    CHECK(message_of(fmt::format(R"({{"model_type": "llama", "num_hidden_layers": {}}})", layers)) ==
          fmt::format("model.hf_config: 'num_hidden_layers' must be between 1 and 100000, got {}", layers));
  }
  CHECK(message_of(R"({"model_type": "gpt2", "n_layer": 2, "n_embd": 8, "n_head": 2, "n_positions": 8,
                       "vocab_size": 268435457})") ==
        "model.hf_config: 'vocab_size' must be between 1 and 268435456, got 268435457");
}

}  // namespace stagecraft
