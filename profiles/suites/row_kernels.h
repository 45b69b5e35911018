#pragma once

#include "profiles/suites/kernels.h"

namespace stagecraft {

// a: input, b: weights, x: output
void rmsnorm(const StreamOperands& on, cudaStream_t stream);
void layernorm(const StreamOperands& on, cudaStream_t stream);
// a: input, b: output's gradient, c: weights; x: input's gradient, y: two floats a row, z: weights' gradient
// in fp32
void rmsnorm_gradient(const StreamOperands& on, cudaStream_t stream);
void layernorm_gradient(const StreamOperands& on, cudaStream_t stream);
// a: scores, x: probabilities
void row_softmax(const StreamOperands& on, cudaStream_t stream);
// a: probabilities, b: their gradient; x: the scores' gradient
void row_softmax_gradient(const StreamOperands& on, cudaStream_t stream);
// a: logits, c: target ids; x: logits' gradient, y: a float of loss a row
void row_cross_entropy(const StreamOperands& on, cudaStream_t stream);

}  // namespace stagecraft
