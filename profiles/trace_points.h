#pragma once

#include <string>

#include "profiles/trace_calls.h"

namespace stagecraft {

/// What a call of a trace measured, in the words of raw rows.
struct TracedPoint {
  std::string suite;  ///< gemm, attention, copies, collectives; operators; kernels: no operator launched it
  std::string family;
  std::string format;
  std::string point;
  double flops = 0;  ///< of one call; 0: not known
  double bytes = 0;  ///< likewise

  auto operator<=>(const TracedPoint&) const = default;
};

/// Names the call:
/// - products (mm, addmm, linear, bmm of one, _scaled_mm): gemm with m, n, k; of several matrices
///   batched-gemm, which is no product of one larger matrix. How operands are transposed is not told apart.
/// - scaled-dot-product attention: prefill-attention where it is causal, unmasked-attention where it is not,
///   decode-attention for one query per sequence, verify-attention for several; needs record_shapes.
/// - copies by direction (copy-h2d-pageable and copy-d2h-pageable where the host's memory was not pinned),
///   memset.
/// - NCCL's kernels: all-reduce, all-gather, ... with bytes (the larger of what a rank gives and gets, as
///   nccl-tests counts) and gpus. Their time includes waiting for the other ranks.
/// - any other operator by its name and its inputs' dimensions: in0.0=16 in0.1=4096.
/// - kernels without an operator by their own name.
TracedPoint point_of(const TracedCall& call);

}  // namespace stagecraft
