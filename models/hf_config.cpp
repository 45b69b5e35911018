// Reads the configuration files of the Hugging Face transformers library (the keys of its *Config classes).
#include "models/hf_config.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "models/model_error.h"

namespace stagecraft {
namespace {

using Json = nlohmann::json;
constexpr std::string_view kSetting = "model.hf_config";

[[noreturn]] void fail(const std::string& message) {
  throw ModelError(std::string(kSetting), message);
}

/// A dimension of a model: `key` of the configuration, within the bounds that scenarios have too.
void read_dimension(const Json& json, const char* key, std::int64_t Transformer::*member,
                    Transformer& model) {
  const Json& value = json[key];
  if (!value.is_number_integer()) fail(fmt::format("'{}' must be an integer, got {}", key, value.dump()));
  const auto number = value.get<std::int64_t>();  // from 2^63 on it comes out negative
  const DimensionBounds& bounds = bounds_of(member);
  if (number < bounds.least || number > bounds.most)
    fail(fmt::format("'{}' must be between {} and {}, got {}", key, bounds.least, bounds.most, value.dump()));
  model.*member = number;
}

void required(const Json& json, const char* key, std::int64_t Transformer::*member, Transformer& model) {
  if (!json.contains(key)) fail(fmt::format("'{}' is missing", key));
  read_dimension(json, key, member, model);
}

/// Leaves the model as it is where the key is missing or null.
void optional(const Json& json, const char* key, std::int64_t Transformer::*member, Transformer& model) {
  if (json.contains(key) && !json[key].is_null()) read_dimension(json, key, member, model);
}

bool flag(const Json& json, const char* key, bool otherwise) {
  if (!json.contains(key) || json[key].is_null()) return otherwise;
  if (!json[key].is_boolean()) fail(fmt::format("'{}' must be true or false, got {}", key, json[key].dump()));
  return json[key].get<bool>();
}

/// Whether any of the probabilities is above zero.
bool any_dropout(const Json& json, std::initializer_list<const char*> keys, double otherwise) {
  for (const char* key : keys) {
    const double p = json.contains(key) && json[key].is_number() ? json[key].get<double>() : otherwise;
    if (p > 0) return true;
  }
  return false;
}

Transformer gpt2(const Json& json) {
  Transformer model;
  required(json, "n_layer", &Transformer::layers, model);
  required(json, "n_embd", &Transformer::hidden, model);
  required(json, "n_head", &Transformer::heads, model);
  optional(json, "n_inner", &Transformer::ffn_hidden, model);
  required(json, "n_positions", &Transformer::sequence, model);
  model.max_positions = model.sequence;
  model.tied_embeddings = flag(json, "tie_word_embeddings", true);
  model.dropout = any_dropout(json, {"resid_pdrop", "embd_pdrop", "attn_pdrop"}, 0.1);
  return model;
}

/// The keys that all later families share.
Transformer common(const Json& json) {
  Transformer model;
  required(json, "num_hidden_layers", &Transformer::layers, model);
  required(json, "hidden_size", &Transformer::hidden, model);
  required(json, "num_attention_heads", &Transformer::heads, model);
  optional(json, "num_key_value_heads", &Transformer::kv_heads, model);
  optional(json, "head_dim", &Transformer::head_dim, model);
  required(json, "intermediate_size", &Transformer::ffn_hidden, model);
  required(json, "max_position_embeddings", &Transformer::sequence, model);
  model.positions = Positions::Rotary;
  model.tied_embeddings = flag(json, "tie_word_embeddings", false);
  return model;
}

Transformer gpt_neox(const Json& json) {
  Transformer model = common(json);
  model.linear_bias = true;
  model.qkv_bias = flag(json, "attention_bias", true);
  model.dropout = any_dropout(json, {"hidden_dropout", "attention_dropout"}, 0.0);
  return model;
}

/// Llama, Mistral and Qwen2; `qkv_bias` is what the family's code does.
Transformer llama_like(const Json& json, bool qkv_bias) {
  Transformer model = common(json);
  model.activation = Activation::SwiGlu;
  model.norm = Norm::RmsNorm;
  model.qkv_bias = qkv_bias;
  model.linear_bias = false;
  model.dropout = any_dropout(json, {"attention_dropout"}, 0.0);
  if (flag(json, "attention_bias", false) || flag(json, "mlp_bias", false)) {
    fail("biases in attention or MLP ('attention_bias', 'mlp_bias') are not modelled for this family");
  }
  return model;
}

Transformer llama(const Json& json) {
  return llama_like(json, false);
}
Transformer qwen2(const Json& json) {
  return llama_like(json, true);
}

struct Family {
  std::string_view model_type;
  Transformer (*read)(const Json& json);
};
constexpr Family kFamilies[] = {
    {"gpt2", gpt2}, {"gpt_neox", gpt_neox}, {"llama", llama}, {"mistral", llama}, {"qwen2", qwen2},
};

constexpr std::string_view kTypes[] = {"gpt2", "gpt_neox", "llama", "mistral", "qwen2"};
static_assert(std::size(kTypes) == std::size(kFamilies));

Transformer read(const Json& json) {
  if (!json.is_object()) fail("a model configuration must be a JSON object");
  if (!json.contains("model_type") || !json["model_type"].is_string()) fail("'model_type' is missing");
  const auto type = json["model_type"].get<std::string>();
  for (const Family& family : kFamilies) {
    if (family.model_type != type) continue;
    Transformer model = family.read(json);
    model.name = type;
    required(json, "vocab_size", &Transformer::vocabulary, model);
    model.attention = AttentionKernel::Flash;
    return model;
  }
  fail(fmt::format("unknown model_type '{}'; known: {}", type, fmt::join(kTypes, ", ")));
}

/// What the parser says, "[json.exception.out_of_range.406] number overflow parsing '1e999'", in words only
/// and not longer than a line.
std::string_view without_number(std::string_view what) {
  const std::size_t end = what.find("] ");
  return what.substr(end == std::string_view::npos ? 0 : end + 2).substr(0, 100);
}

}  // namespace

std::span<const std::string_view> hf_model_types() {
  return kTypes;
}

Transformer transformer_from_hf(std::string_view json_text) {
  // Depth is bounded first: the parser recurses when it frees nested values.
  int depth = 0;
  const auto callback = [&](int level, Json::parse_event_t, Json&) {
    depth = std::max(depth, level);
    if (depth > 64) fail("the configuration is nested deeper than 64 levels");
    return true;
  };
  try {
    const Transformer model = read(Json::parse(json_text.begin(), json_text.end(), callback));
    check(model);
    return model;
  } catch (const Json::parse_error& error) {
    fail(fmt::format("not valid JSON at byte {}", error.byte));
  } catch (const Json::exception& error) {
    fail(fmt::format("not usable JSON: {}", without_number(error.what())));
  }
}

}  // namespace stagecraft
