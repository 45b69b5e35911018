#pragma once

#include "profiles/pass_plan.h"

namespace stagecraft {

/// Makes the plans of passes kernel by kernel. Every function adds one kernel to the pass and returns what it
/// writes.
class PlanBuilder {
 public:
  PassPlan plan;

  PassOperand buffer(PassBuffer::Content content, std::int64_t elements);
  PassOperand rows(std::vector<std::int32_t> numbers);
  PassOperand weights(std::int64_t elements) { return buffer(PassBuffer::Content::Weights, elements); }
  PassOperand written(std::int64_t elements) { return buffer(PassBuffer::Content::Written, elements); }

  /// Y[m,n] = X[m,k] W[n,k]^T.
  PassOperand product(std::int64_t m, std::int64_t n, std::int64_t k, PassOperand w, PassOperand x);
  /// dX[m,n] = dY[m,k] W[k,n].
  PassOperand input_gradient(std::int64_t m, std::int64_t n, std::int64_t k, PassOperand w, PassOperand dy);
  /// dW[m,n] += dY[k,m]^T X[k,n].
  void weight_gradient(std::int64_t m, std::int64_t n, std::int64_t k, PassOperand x, PassOperand dy);
  /// A kernel over rows x width with one result.
  PassOperand stream(const char* family, std::int64_t rows, std::int64_t width,
                     const std::array<PassOperand, 3>& in);
  /// The input's gradient; that of the weights goes into sums of its own.
  PassOperand norm_gradient(const char* family, std::int64_t rows, std::int64_t width, PassOperand x,
                            PassOperand dy, PassOperand weight);
  void add(PassKernel kernel) { plan.kernels.push_back(std::move(kernel)); }
};

/// A batched product of m, n, k, as a point. `family`: batched-gemm, batched-gemm-input-gradient,
/// batched-gemm-weight-gradient.
SuitePoint batched_product(const char* family, std::int64_t batch, std::int64_t m, std::int64_t n,
                           std::int64_t k);

// The families' plans; pass_plan.cpp chooses.
PassPlan layer_plan(const SuitePoint& pass);
PassPlan decode_plan(const SuitePoint& pass);

}  // namespace stagecraft
