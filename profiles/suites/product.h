#pragma once

#include <cublasLt.h>

#include <string>

#include "profiles/suites/case.h"

namespace stagecraft {

/// A column-major matrix, or several of them at equal distances.
struct Matrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  bool transposed = false;
  std::int64_t pitch = 0;   ///< elements between two columns; 0: `rows`
  std::int64_t stride = 0;  ///< elements between two matrices of a batch; 0: as they lie behind each other

  std::int64_t elements() const { return rows * columns; }
};

/// What a product is, read off its point (m, n, k; batch): D = alpha op(A) op(B), n x m, or D += of weight
/// gradients. Families: gemm, gemm-input-gradient, gemm-weight-gradient, and batched-* of the same, whose
/// results are all of 16 bits.
struct ProductKind {
  Number format = Number::Bf16;
  cudaDataType_t input = CUDA_R_16BF;
  std::size_t input_bytes = 2;
  cudaDataType_t output = CUDA_R_16BF;
  std::size_t output_bytes = 2;
  bool accumulate = false;
  bool fast_accumulation = false;
  Matrix a;
  Matrix b;
  Matrix d;
  std::int64_t m = 0, n = 0, k = 0;  // ours
  std::int64_t batch = 1;
  int processors = 0;  ///< at most; 0: all
  float scale = 1;     ///< alpha

  std::size_t a_bytes() const { return bytes(a, input_bytes); }
  std::size_t b_bytes() const { return bytes(b, input_bytes); }
  std::size_t d_bytes() const { return bytes(d, output_bytes); }

 private:
  /// Of matrices that lie behind each other.
  std::size_t bytes(const Matrix& matrix, std::size_t element) const {
    return static_cast<std::size_t>(batch * matrix.elements()) * element;
  }
};

ProductKind kind_of(const SuitePoint& point);

/// A product that was planned: the first algorithm that cuBLASLt's heuristic names. Throws NotHere where it
/// has none.
class Product {
 public:
  explicit Product(const ProductKind& kind);
  ~Product();
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  void run(const void* a, const void* b, void* d, cudaStream_t stream) const;
  /// "id 66 tile 24 stages 36 split 1".
  std::string algorithm() const;

 private:
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value);
  void describe();
  void choose();
  int config(cublasLtMatmulAlgoConfigAttributes_t attribute) const;

  ProductKind kind_;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr;
  cublasLtMatrixLayout_t b_ = nullptr;
  cublasLtMatrixLayout_t d_ = nullptr;
  cublasLtMatmulHeuristicResult_t chosen_{};
};

}  // namespace stagecraft
