#include <vector>

#include "models/catalog.h"

namespace stagecraft {
namespace {

/// A GPT as Megatron-LM trains it: vocabulary 51,200 and 2,048 tokens unless said otherwise.
Transformer gpt(std::int64_t layers, std::int64_t hidden, std::int64_t heads, std::int64_t vocabulary = 51200,
                std::int64_t sequence = 2048) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.heads = heads;
  model.vocabulary = vocabulary;
  model.sequence = sequence;
  return model;
}

struct LlamaSize {
  std::int64_t layers, hidden, heads, kv_heads, ffn_hidden, vocabulary, sequence;
};

Transformer llama(const LlamaSize& size) {
  Transformer model = gpt(size.layers, size.hidden, size.heads, size.vocabulary, size.sequence);
  model.kv_heads = size.kv_heads;
  model.ffn_hidden = size.ffn_hidden;
  model.activation = Activation::SwiGlu;
  model.norm = Norm::RmsNorm;
  model.positions = Positions::Rotary;
  model.attention = AttentionKernel::Flash;
  model.tied_embeddings = model.linear_bias = model.qkv_bias = model.dropout = false;
  return model;
}

Transformer bert_large() {
  Transformer model = gpt(24, 1024, 16, 30522, 512);
  model.architecture = Architecture::Encoder;
  return model;
}

constexpr std::string_view kSc21 =
    "Narayanan et al., Efficient Large-Scale Language Model Training on GPU Clusters, SC 2021, table 1";
constexpr std::string_view kSequenceParallel =
    "Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models, 2022, table 3";
constexpr std::string_view kGpt3 = "Brown et al., Language Models are Few-Shot Learners, 2020, table 2.1";
constexpr std::string_view kMtNlg =
    "Smith et al., Using DeepSpeed and Megatron to Train MT-NLG 530B, 2022, section 3.1";
constexpr std::string_view kLlama2 = "Touvron et al., Llama 2, 2023, table 1; the models' config.json";
constexpr std::string_view kLlama3 =
    "Grattafiori et al., The Llama 3 Herd of Models, 2024, table 3; the models' config.json";
constexpr std::string_view kBert = "Devlin et al., BERT, 2019, section 3";

std::vector<Preset<Transformer>> models() {
  std::vector<Preset<Transformer>> presets = {
      {"gpt-1.7b", "GPT, 1.7 billion parameters", kSc21, gpt(24, 2304, 24)},
      {"gpt-3.6b", "GPT, 3.6 billion parameters", kSc21, gpt(30, 3072, 32)},
      {"gpt-7.5b", "GPT, 7.5 billion parameters", kSc21, gpt(36, 4096, 32)},
      {"gpt-18.4b", "GPT, 18.4 billion parameters", kSc21, gpt(40, 6144, 48)},
      {"gpt-39.1b", "GPT, 39.1 billion parameters", kSc21, gpt(48, 8192, 64)},
      {"gpt-76.1b", "GPT, 76.1 billion parameters", kSc21, gpt(60, 10240, 80)},
      {"gpt-145.6b", "GPT, 145.6 billion parameters", kSc21, gpt(80, 12288, 96)},
      {"gpt-310.1b", "GPT, 310.1 billion parameters", kSc21, gpt(96, 16384, 128)},
      {"gpt-529.6b", "GPT, 529.6 billion parameters", kSc21, gpt(105, 20480, 128)},
      {"gpt-1008b", "GPT, 1,008 billion parameters", kSc21, gpt(128, 25600, 160)},
      {"gpt-22b", "GPT, 22 billion parameters", kSequenceParallel, gpt(48, 6144, 64)},
      {"gpt-175b", "GPT, 175 billion parameters, padded vocabulary", kSequenceParallel, gpt(96, 12288, 96)},
      {"gpt-530b", "GPT, 530 billion parameters", kSequenceParallel, gpt(105, 20480, 128)},
      {"gpt-1t", "GPT, 1 trillion parameters", kSequenceParallel, gpt(128, 25600, 160)},
      {"gpt3-175b", "GPT-3, 175 billion parameters", kGpt3, gpt(96, 12288, 96, 50257)},
      {"mt-nlg-530b", "Megatron-Turing NLG, 530 billion parameters", kMtNlg, gpt(105, 20480, 128, 50257)},
      {"llama2-7b", "Llama 2, 7 billion parameters", kLlama2, llama({32, 4096, 32, 32, 11008, 32000, 4096})},
      {"llama2-13b", "Llama 2, 13 billion parameters", kLlama2,
       llama({40, 5120, 40, 40, 13824, 32000, 4096})},
      {"llama2-70b", "Llama 2, 70 billion parameters", kLlama2, llama({80, 8192, 64, 8, 28672, 32000, 4096})},
      {"llama3-8b", "Llama 3, 8 billion parameters", kLlama3, llama({32, 4096, 32, 8, 14336, 128256, 8192})},
      {"llama3-70b", "Llama 3, 70 billion parameters", kLlama3,
       llama({80, 8192, 64, 8, 28672, 128256, 8192})},
      {"llama3-405b", "Llama 3.1, 405 billion parameters", kLlama3,
       llama({126, 16384, 128, 8, 53248, 128256, 8192})},
      {"bert-large", "BERT-large, 336 million parameters", kBert, bert_large()},
  };
  for (Preset<Transformer>& preset : presets) preset.value.name = preset.name;
  return presets;
}

}  // namespace

std::span<const Preset<Transformer>> model_presets() {
  static const std::vector<Preset<Transformer>> presets = models();
  return presets;
}

}  // namespace stagecraft
