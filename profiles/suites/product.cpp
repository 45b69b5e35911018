// Matrix products by cuBLASLt. What is row-major to us, Y[m,n] = X[m,k] W[n,k]^T, is column-major to it: D(n
// x m).
//   forward          TN  D = W^T X    W: k x n, X: k x m
//   input gradient   NN  D = W dY     W: n x k (stored by its input features), dY: k x m
//   weight gradient  NT  D += X dY^T  in fp32, which is how gradients are accumulated over micro-batches
// Hopper's fp8 products are all TN: their gradients work on transposed copies.
#include "profiles/suites/product.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

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

cublasLtMatrixLayout_t layout(cudaDataType_t type, const Matrix& matrix, std::int64_t batch) {
  cublasLtMatrixLayout_t result = nullptr;
  check_blas(cublasLtMatrixLayoutCreate(&result, type, static_cast<std::uint64_t>(matrix.rows),
                                        static_cast<std::uint64_t>(matrix.columns),
                                        matrix.pitch ? matrix.pitch : matrix.rows),
             "a layout");
  if (batch == 1) return result;
  const auto count = static_cast<std::int32_t>(batch);
  const std::int64_t stride = matrix.stride ? matrix.stride : matrix.elements();
  cublasLtMatrixLayoutSetAttribute(result, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count);
  cublasLtMatrixLayoutSetAttribute(result, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                                   sizeof stride);
  return result;
}

}  // namespace

ProductKind kind_of(const SuitePoint& point) {
  ProductKind kind{};
  kind.m = point.at("m");
  kind.n = point.at("n");
  kind.k = point.at("k");
  kind.batch = std::max<std::int64_t>(point.at("batch"), 1);
  const bool fp8 = point.format == "fp8";
  kind.format = fp8 ? Number::Fp8 : point.format == "fp16" ? Number::Fp16 : Number::Bf16;
  kind.input = fp8 ? CUDA_R_8F_E4M3 : point.format == "fp16" ? CUDA_R_16F : CUDA_R_16BF;
  kind.input_bytes = fp8 ? 1 : 2;
  const bool weights = point.family.ends_with("weight-gradient");
  const bool inputs = point.family.ends_with("input-gradient");
  kind.accumulate = weights && !point.family.starts_with("batched-");
  kind.output = kind.accumulate ? CUDA_R_32F : fp8 ? CUDA_R_16BF : kind.input;
  kind.output_bytes = kind.accumulate ? 4 : 2;
  kind.fast_accumulation = fp8 && !weights && !inputs;
  const bool a_transposed = fp8 || (!weights && !inputs);
  const bool b_transposed = weights && !fp8;
  kind.a = a_transposed ? Matrix{kind.k, kind.n, true} : Matrix{kind.n, kind.k, false};
  kind.b = b_transposed ? Matrix{kind.m, kind.k, true} : Matrix{kind.k, kind.m, false};
  kind.d = {kind.n, kind.m, false};
  return kind;
}

Product::Product(const ProductKind& kind) : kind_(kind) {
  describe();
  a_ = layout(kind.input, kind.a, kind.batch);
  b_ = layout(kind.input, kind.b, kind.batch);
  d_ = layout(kind.output, kind.d, kind.batch);
  choose();
}

Product::~Product() {
  for (cublasLtMatrixLayout_t each : {a_, b_, d_})
    if (each) cublasLtMatrixLayoutDestroy(each);
  if (operation_) cublasLtMatmulDescDestroy(operation_);
}

void Product::run(const void* a, const void* b, void* d, cudaStream_t stream) const {
  const float beta = kind_.accumulate ? 1 : 0;
  check_blas(cublasLtMatmul(library().handle, operation_, &kind_.scale, a, a_, b, b_, &beta, d, d_, d, d_,
                            &chosen_.algo, library().workspace_of(stream), kWorkspace, stream),
             "a product");
}

std::string Product::algorithm() const {
  return fmt::format("id {} tile {} stages {} split {}", config(CUBLASLT_ALGO_CONFIG_ID),
                     config(CUBLASLT_ALGO_CONFIG_TILE_ID), config(CUBLASLT_ALGO_CONFIG_STAGES_ID),
                     config(CUBLASLT_ALGO_CONFIG_SPLITK_NUM));
}

template <class Value>
void Product::set(cublasLtMatmulDescAttributes_t attribute, Value value) {
  check_blas(cublasLtMatmulDescSetAttribute(operation_, attribute, &value, sizeof value), "an attribute");
}

void Product::describe() {
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

void Product::choose() {
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

int Product::config(cublasLtMatmulAlgoConfigAttributes_t attribute) const {
  int value = -1;
  cublasLtMatmulAlgoConfigGetAttribute(&chosen_.algo, attribute, &value, sizeof value, nullptr);
  return value;
}

}  // namespace stagecraft
