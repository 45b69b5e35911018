// Matrix products by cuBLASLt. What is row-major to us, Y[m,n] = X[m,k] W[n,k]^T, is column-major to it: D(n
// x m).
//   forward          TN  D = W^T X    W: k x n, X: k x m
//   input gradient   NN  D = W dY     W: n x k (stored by its input features), dY: k x m
//   weight gradient  NT  D += X dY^T  in fp32, which is how gradients are accumulated over micro-batches
// Hopper's fp8 products are all TN: their gradients work on transposed copies.
#include <cublasLt.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

#include "profiles/suites/case.h"

namespace stagecraft {

namespace {

constexpr std::size_t kWorkspace = std::size_t{64} << 20;  // what frameworks give it, or half

void check_blas(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw DeviceError(fmt::format("cuBLASLt: {}: {}", what, cublasLtGetStatusString(status)));
}

/// What all products share, for the life of the process.
struct Library {
  cublasLtHandle_t handle = nullptr;
  std::map<cudaStream_t, void*> workspaces;  // products that run beside each other must not share one
  float* one = nullptr;                      // the scale of fp8 operands

  Library() {
    check_blas(cublasLtCreate(&handle), "start");
    check(cudaMalloc(reinterpret_cast<void**>(&one), sizeof(float)), "a scale");
    const float value = 1;
    check(cudaMemcpy(one, &value, sizeof value, cudaMemcpyHostToDevice), "a scale");
  }

  /// Made at the stream's first product, which no rule of measuring counts.
  void* workspace_of(cudaStream_t stream) {
    void*& workspace = workspaces[stream];
    if (!workspace) check(cudaMalloc(&workspace, kWorkspace), "the workspace of products");
    return workspace;
  }
};

Library& library() {
  static auto* all = new Library;  // the driver is gone when statics are destroyed
  return *all;
}

/// A column-major matrix.
struct Matrix {
  std::int64_t rows;
  std::int64_t columns;
  bool transposed;
  std::int64_t elements() const { return rows * columns; }
};

struct Kind {
  Number format;
  cudaDataType_t input;
  std::size_t input_bytes;
  cudaDataType_t output;
  std::size_t output_bytes;
  bool accumulate;
  bool fast_accumulation;
  Matrix a;
  Matrix b;
  std::int64_t m, n, k;  // ours
  int processors;        // at most, 0: all
};

Kind kind_of(const SuitePoint& point) {
  Kind kind{};
  kind.m = point.at("m");
  kind.n = point.at("n");
  kind.k = point.at("k");
  const bool fp8 = point.format == "fp8";
  kind.format = fp8 ? Number::Fp8 : point.format == "fp16" ? Number::Fp16 : Number::Bf16;
  kind.input = fp8 ? CUDA_R_8F_E4M3 : point.format == "fp16" ? CUDA_R_16F : CUDA_R_16BF;
  kind.input_bytes = fp8 ? 1 : 2;
  const bool weights = point.family == "gemm-weight-gradient";
  const bool inputs = point.family == "gemm-input-gradient";
  kind.output = weights ? CUDA_R_32F : fp8 ? CUDA_R_16BF : kind.input;
  kind.output_bytes = weights ? 4 : 2;
  kind.accumulate = weights;
  kind.fast_accumulation = fp8 && !weights && !inputs;
  const bool a_transposed = fp8 || (!weights && !inputs);
  const bool b_transposed = weights && !fp8;
  kind.a = a_transposed ? Matrix{kind.k, kind.n, true} : Matrix{kind.n, kind.k, false};
  kind.b = b_transposed ? Matrix{kind.m, kind.k, true} : Matrix{kind.k, kind.m, false};
  return kind;
}

cublasLtMatrixLayout_t layout(cudaDataType_t type, std::int64_t rows, std::int64_t columns) {
  cublasLtMatrixLayout_t result = nullptr;
  check_blas(cublasLtMatrixLayoutCreate(&result, type, static_cast<std::uint64_t>(rows),
                                        static_cast<std::uint64_t>(columns), rows),
             "a layout");
  return result;
}

/// A product that was planned: the first algorithm that the library's heuristic names.
class Product {
 public:
  explicit Product(const Kind& kind) : kind_(kind) {
    describe();
    a_ = layout(kind.input, kind.a.rows, kind.a.columns);
    b_ = layout(kind.input, kind.b.rows, kind.b.columns);
    d_ = layout(kind.output, kind.n, kind.m);
    choose();
  }
  ~Product() {
    for (cublasLtMatrixLayout_t each : {a_, b_, d_})
      if (each) cublasLtMatrixLayoutDestroy(each);
    if (operation_) cublasLtMatmulDescDestroy(operation_);
  }
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  void run(const void* a, const void* b, void* d, cudaStream_t stream) const {
    const float alpha = 1;
    const float beta = kind_.accumulate ? 1 : 0;
    check_blas(cublasLtMatmul(library().handle, operation_, &alpha, a, a_, b, b_, &beta, d, d_, d, d_,
                              &chosen_.algo, library().workspace_of(stream), kWorkspace, stream),
               "a product");
  }

  std::string algorithm() const {
    return fmt::format("id {} tile {} stages {} split {}", config(CUBLASLT_ALGO_CONFIG_ID),
                       config(CUBLASLT_ALGO_CONFIG_TILE_ID), config(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                       config(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
  }

 private:
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value) {
    check_blas(cublasLtMatmulDescSetAttribute(operation_, attribute, &value, sizeof value), "an attribute");
  }

  void describe() {
    check_blas(cublasLtMatmulDescCreate(&operation_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "a description");
    set(CUBLASLT_MATMUL_DESC_TRANSA, kind_.a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, kind_.b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (kind_.processors > 0) set(CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET, std::int32_t{kind_.processors});
    if (kind_.format != Number::Fp8) return;
    const float* one = library().one;
    set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, one);
    set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, one);
    set(CUBLASLT_MATMUL_DESC_FAST_ACCUM, static_cast<std::int8_t>(kind_.fast_accumulation));
  }

  void choose() {
    cublasLtMatmulPreference_t preference = nullptr;
    check_blas(cublasLtMatmulPreferenceCreate(&preference), "a preference");
    const std::size_t workspace = kWorkspace;
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
                                         sizeof workspace);
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(library().handle, operation_, a_, b_, d_, d_,
                                                                 preference, 1, &chosen_, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    if (status != CUBLAS_STATUS_SUCCESS || found == 0)
      throw NotHere(fmt::format("cuBLASLt has no algorithm: {}", cublasLtGetStatusString(status)));
  }

  int config(cublasLtMatmulAlgoConfigAttributes_t attribute) const {
    int value = -1;
    cublasLtMatmulAlgoConfigGetAttribute(&chosen_.algo, attribute, &value, sizeof value, nullptr);
    return value;
  }

  Kind kind_;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr;
  cublasLtMatrixLayout_t b_ = nullptr;
  cublasLtMatrixLayout_t d_ = nullptr;
  cublasLtMatmulHeuristicResult_t chosen_{};
};

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
                            const Kind& kind) {
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
                         const Kind& kind) {
  const bool k_is_contiguous = is_a ? matrix.transposed : !matrix.transposed;
  return k_is_contiguous ? strided(data, i * matrix.rows, 1, kind.k, kind)
                         : strided(data, i, matrix.rows, kind.k, kind);
}

double output_at(const void* d, std::int64_t at, const Kind& kind) {
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
void expect_right(const Product& product, const Operands& operands, const Kind& kind, cudaStream_t stream) {
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
  Kind kind = kind_of(point);
  kind.processors = processors;
  const auto product = std::make_shared<Product>(kind);
  const std::size_t a_bytes = static_cast<std::size_t>(kind.a.elements()) * kind.input_bytes;
  const std::size_t b_bytes = static_cast<std::size_t>(kind.b.elements()) * kind.input_bytes;
  const std::size_t d_bytes = static_cast<std::size_t>(kind.m * kind.n) * kind.output_bytes;
  Case ready;
  ready.copy_bytes = a_bytes + b_bytes + d_bytes;
  ready.copies = bench.copies(ready.copy_bytes, point.cache);
  std::vector<Operands> operands;
  for (int copy = 0; copy < ready.copies; ++copy)
    operands.push_back(
        {bench.input(kind.format, a_bytes), bench.input(kind.format, b_bytes), bench.output(d_bytes)});
  if (first_of_its_kind(point)) expect_right(*product, operands[0], kind, bench.stream());
  ready.flops = 2.0 * static_cast<double>(kind.m) * static_cast<double>(kind.n) * static_cast<double>(kind.k);
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
