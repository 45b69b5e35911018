#pragma once

#include <string_view>
#include <vector>

namespace stagecraft {

/// The transformer layers of each stage, in the model's order, of a layout as Megatron-LM's
/// --pipeline-model-parallel-layout takes it: "Et*3|(tt|)*14t|L". `|` ends a stage, E is the embedding, t a
/// layer, L the loss with the output projection; `*N` repeats a letter, a stage's end or what stands in
/// parentheses; commas and blanks mean nothing. Throws std::invalid_argument with what is wrong: E stands in
/// the first stage and L in the last, each once; m, a layer that predicts further tokens, is in no model
/// here. At most 2^20 letters. O(letters). Source: Megatron-LM's user guide, "Custom Pipeline Model Parallel
/// Layout".
std::vector<int> layers_of_layout(std::string_view text);

}  // namespace stagecraft
