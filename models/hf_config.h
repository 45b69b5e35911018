#pragma once

#include <span>
#include <string>
#include <string_view>

#include "models/transformer.h"

namespace stagecraft {

/// The values of "model_type" that transformer_from_hf() reads.
std::span<const std::string_view> hf_model_types();

/// The model that a Hugging Face config.json describes. The sequence is the configuration's longest
/// (max_position_embeddings, n_positions); attention is Flash, as the transformers library chooses.
/// Throws ModelError (setting "model.hf_config") for text that is no JSON, a missing or ill-typed key, a
/// dimension out of its bounds (kDimensions) and an unknown model_type, listing the known ones.
Transformer transformer_from_hf(std::string_view json_text);

}  // namespace stagecraft
