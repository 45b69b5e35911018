#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "profiles/suite_points.h"

namespace stagecraft {

/// Memory that the kernels of a pass share.
struct PassBuffer {
  enum class Content : std::uint8_t {
    Weights,  ///< random numbers in bf16, read only
    Cache,    ///< random numbers in bf16, some of which are written
    Written,  ///< bf16 that a kernel writes before another reads it
    Sums,     ///< fp32: what gradients of weights are added to, and moments of rows
    Rows,     ///< numbers of rows in int32: token ids, places in a cache
  };
  Content content = Content::Written;
  std::int64_t elements = 0;
  std::vector<std::int32_t> rows{};  ///< what Rows holds

  std::int64_t bytes() const {
    return elements * (content == Content::Sums || content == Content::Rows ? 4 : 2);
  }
};

/// Where an operand of a kernel lies: a matrix whose rows are elements behind each other.
struct PassOperand {
  int buffer = -1;          ///< -1: the kernel has no such operand
  std::int64_t offset = 0;  ///< elements before its first
  std::int64_t pitch = 0;   ///< elements between two rows; 0: as many as a row has
  std::int64_t stride = 0;  ///< elements between two matrices of a batch; 0: as they lie behind each other

  PassOperand at(std::int64_t elements) const { return {buffer, offset + elements, pitch, stride}; }
};

/// A kernel of a pass. Operands by family:
/// - products: in W and X or dY (input gradients), X and dY (weight gradients), out the result;
/// - attention: in queries, keys, values; out;
/// - those that stream: in a, b, c and out x, y, z, as profiles/suites/kernels.h has them.
struct PassKernel {
  SuitePoint alone;  ///< the point by which it is measured alone
  std::array<PassOperand, 3> in{};
  std::array<PassOperand, 3> out{};
  double scale = 1;  ///< of a product's result: keeps the variance of what it passes on
};

/// Kernels in the order in which one stream runs them, and what they work on: what the profiler runs and what
/// a prediction adds up are the same list.
struct PassPlan {
  std::vector<PassBuffer> buffers;
  std::vector<PassKernel> before;   ///< run once, to write what the pass reads; not measured
  std::vector<PassKernel> kernels;  ///< the pass

  std::int64_t bytes() const;  ///< of all buffers
  double flops() const;        ///< of the products and attention of `kernels`, a multiply-add counted as two
};

/// Whether points of this family are passes: layer-forward, layer-backward, draft-step, verify-step,
/// draft-verify-round, kernel-chain.
bool is_pass(const std::string& family);

/// The plan of a pass, or one without kernels where the family is none. Axes:
/// - layer-forward, layer-backward: batch, sequence, hidden, gated, and causal=1 where attention is, forward
/// only
///   (profiles/layer_plan.cpp says what is in them);
/// - draft-step, verify-step, draft-verify-round: profiles/decode_plan.cpp;
/// - kernel-chain: kernels, rows, width: `kernels` residual additions, for the gap between two kernels.
PassPlan plan_of(const SuitePoint& pass);

/// The pass's kernels by what they are measured as alone, each once with how often it runs, in the order of
/// their first run.
struct CountedKernel {
  SuitePoint alone;
  std::int64_t times = 0;
};
std::vector<CountedKernel> count_kernels(const PassPlan& plan);
/// Whether both are measured alone by the same point.
bool same_kernel(const SuitePoint& a, const SuitePoint& b);

/// The point of the row that says what such a kernel takes inside the pass: its own axes, times=N, and the
/// pass's axes with "in_" before them. in_backward=1 tells the layer's passes apart, in_verify=1 the steps'.
std::string point_in_pass(const CountedKernel& kernel, const SuitePoint& pass);
/// The state of the cache of such rows: operands as the kernels before left them.
inline constexpr const char* kInPass = "in-pass";

}  // namespace stagecraft
