#include "profiles/plan_builder.h"

#include <cmath>

namespace stagecraft {

namespace {

Axes axes_of_product(std::int64_t m, std::int64_t n, std::int64_t k) {
  return {{"m", m}, {"n", n}, {"k", k}};
}

/// Sums of k products of numbers of variance 1 have variance k.
double normal_scale(std::int64_t k) {
  return 1 / std::sqrt(static_cast<double>(k));
}

}  // namespace

PassOperand PlanBuilder::buffer(PassBuffer::Content content, std::int64_t elements) {
  plan.buffers.push_back({.content = content, .elements = elements});
  return {.buffer = static_cast<int>(plan.buffers.size()) - 1};
}

PassOperand PlanBuilder::rows(std::vector<std::int32_t> numbers) {
  const PassOperand made = buffer(PassBuffer::Content::Rows, static_cast<std::int64_t>(numbers.size()));
  plan.buffers.back().rows = std::move(numbers);
  return made;
}

PassOperand PlanBuilder::product(std::int64_t m, std::int64_t n, std::int64_t k, PassOperand w,
                                 PassOperand x) {
  const PassOperand y = written(m * n);
  add({{"gemm", "bf16", axes_of_product(m, n, k)}, {w, x}, {y}, normal_scale(k)});
  return y;
}

PassOperand PlanBuilder::input_gradient(std::int64_t m, std::int64_t n, std::int64_t k, PassOperand w,
                                        PassOperand dy) {
  const PassOperand dx = written(m * n);
  add({{"gemm-input-gradient", "bf16", axes_of_product(m, n, k)}, {w, dy}, {dx}, normal_scale(k)});
  return dx;
}

void PlanBuilder::weight_gradient(std::int64_t m, std::int64_t n, std::int64_t k, PassOperand x,
                                  PassOperand dy) {
  const PassOperand dw = buffer(PassBuffer::Content::Sums, m * n);
  add({{"gemm-weight-gradient", "bf16", axes_of_product(m, n, k)}, {x, dy}, {dw}});
}

PassOperand PlanBuilder::stream(const char* family, std::int64_t rows, std::int64_t width,
                                const std::array<PassOperand, 3>& in) {
  const PassOperand x = written(rows * width);
  add({{family, "bf16", {{"rows", rows}, {"width", width}}}, in, {x}});
  return x;
}

PassOperand PlanBuilder::norm_gradient(const char* family, std::int64_t rows, std::int64_t width,
                                       PassOperand x, PassOperand dy, PassOperand weight) {
  const PassOperand dx = written(rows * width);
  const PassOperand moments = buffer(PassBuffer::Content::Sums, 2 * rows);
  const PassOperand sums = buffer(PassBuffer::Content::Sums, width);
  add({{family, "bf16", {{"rows", rows}, {"width", width}}}, {x, dy, weight}, {dx, moments, sums}});
  return dx;
}

SuitePoint batched_product(const char* family, std::int64_t batch, std::int64_t m, std::int64_t n,
                           std::int64_t k) {
  Axes axes = {{"batch", batch}};
  for (const auto& axis : axes_of_product(m, n, k)) axes.push_back(axis);
  return {family, "bf16", axes};
}

}  // namespace stagecraft
