// The suite of matrix products: operands of a point, its work, and a check of its results.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <set>

#include "profiles/suites/product.h"

namespace stagecraft {

namespace {

struct Operands {
  const void* a;
  const void* b;
  void* d;
};

double value_of(const void* data, Number format) {
  if (format == Number::Fp8) return static_cast<float>(*static_cast<const __nv_fp8_e4m3*>(data));
  if (format == Number::Fp16) return static_cast<double>(__half2float(*static_cast<const __half*>(data)));
  return static_cast<double>(__bfloat162float(*static_cast<const __nv_bfloat16*>(data)));
}

/// `count` numbers of a matrix in device memory, `stride` elements apart.
std::vector<double> strided(const void* matrix, std::int64_t first, std::int64_t stride, std::int64_t count,
                            const ProductKind& kind) {
  const std::size_t size = kind.input_bytes;
  std::vector<unsigned char> bytes(static_cast<std::size_t>(count) * size);
  check(cudaMemcpy2D(bytes.data(), size,
                     static_cast<const char*>(matrix) + static_cast<std::size_t>(first) * size,
                     static_cast<std::size_t>(stride) * size, size, static_cast<std::size_t>(count),
                     cudaMemcpyDeviceToHost),
        "reading operands");
  std::vector<double> values;
  for (std::size_t i = 0; i < bytes.size(); i += size) values.push_back(value_of(&bytes[i], kind.format));
  return values;
}

/// Row i of op(A), or column j of op(B), along k.
std::vector<double> line(const void* data, const Matrix& matrix, bool is_a, std::int64_t i,
                         const ProductKind& kind) {
  const bool k_is_contiguous = is_a ? matrix.transposed : !matrix.transposed;
  return k_is_contiguous ? strided(data, i * matrix.rows, 1, kind.k, kind)
                         : strided(data, i, matrix.rows, kind.k, kind);
}

double output_at(const void* d, std::int64_t at, const ProductKind& kind) {
  std::array<unsigned char, 4> bytes{};
  check(
      cudaMemcpy(bytes.data(), static_cast<const char*>(d) + static_cast<std::size_t>(at) * kind.output_bytes,
                 kind.output_bytes, cudaMemcpyDeviceToHost),
      "reading a result");
  if (kind.output == CUDA_R_32F) return static_cast<double>(*reinterpret_cast<const float*>(bytes.data()));
  return value_of(bytes.data(), kind.output == CUDA_R_16F ? Number::Fp16 : Number::Bf16);
}

/// Compares some results with sums in double precision: a layout that is wrong is as fast as one that is
/// right.
void expect_right(const Product& product, const Operands& operands, const ProductKind& kind,
                  cudaStream_t stream) {
  const std::size_t bytes = static_cast<std::size_t>(kind.m * kind.n) * kind.output_bytes;
  // Not-a-number where nothing is written; zeros where it is added to.
  check(cudaMemsetAsync(operands.d, kind.accumulate ? 0 : 0xFF, bytes, stream), "clearing a result");
  product.run(operands.a, operands.b, operands.d, stream);
  check(cudaStreamSynchronize(stream), "a product");
  for (const auto& [row, column] : {std::pair{std::int64_t{0}, std::int64_t{0}},
                                    std::pair{kind.n - 1, kind.m - 1}, std::pair{kind.n / 2, kind.m / 3}}) {
    const std::vector<double> a = line(operands.a, kind.a, true, row, kind);
    const std::vector<double> b = line(operands.b, kind.b, false, column, kind);
    double expected = 0;
    for (std::size_t i = 0; i < a.size(); ++i) expected += a[i] * b[i];
    const double found = output_at(operands.d, row + column * kind.n, kind);
    // The sum's terms have variance 1: 2 % of its deviation, and the output's rounding.
    const double allowed = 0.02 * std::sqrt(static_cast<double>(kind.k)) + 0.01 * std::abs(expected);
    if (!(std::abs(found - expected) <= allowed))
      throw DeviceError(fmt::format("a product is wrong: {} instead of {} at row {}, column {}", found,
                                    expected, row, column));
  }
}

/// Once for each kind of product.
bool first_of_its_kind(const SuitePoint& point) {
  static std::set<std::string> seen;
  return seen.insert(point.family + point.format).second;
}

}  // namespace

Case gemm_case(Bench& bench, const SuitePoint& point) {
  return product_case(bench, point, 0);
}

Case product_case(Bench& bench, const SuitePoint& point, int processors) {
  ProductKind kind = kind_of(point);
  kind.processors = processors;
  const auto product = std::make_shared<Product>(kind);
  const std::size_t a_bytes = kind.a_bytes();
  const std::size_t b_bytes = kind.b_bytes();
  const std::size_t d_bytes = kind.d_bytes();
  Case ready;
  ready.copy_bytes = a_bytes + b_bytes + d_bytes;
  ready.copies = bench.copies(ready.copy_bytes, point.cache);
  std::vector<Operands> operands;
  for (int copy = 0; copy < ready.copies; ++copy)
    operands.push_back(
        {bench.input(kind.format, a_bytes), bench.input(kind.format, b_bytes), bench.output(d_bytes)});
  if (first_of_its_kind(point)) expect_right(*product, operands[0], kind, bench.stream());
  ready.flops = 2.0 * static_cast<double>(kind.batch) * static_cast<double>(kind.m) *
                static_cast<double>(kind.n) * static_cast<double>(kind.k);
  ready.bytes = static_cast<double>(a_bytes + b_bytes + (kind.accumulate ? 2 : 1) * d_bytes);
  ready.algorithm = product->algorithm();
  ready.launch_on = [product, operands](int copy, cudaStream_t stream) {
    const Operands& on = operands[static_cast<std::size_t>(copy)];
    product->run(on.a, on.b, on.d, stream);
  };
  ready.launch = [run = ready.launch_on, stream = bench.stream()](int copy) { run(copy, stream); };
  return ready;
}

SuitePoint product(std::int64_t m, std::int64_t n, std::int64_t k) {
  return {"gemm", "bf16", {{"m", m}, {"n", n}, {"k", k}}};
}

}  // namespace stagecraft
