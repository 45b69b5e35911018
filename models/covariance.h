#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace stagecraft {

/// Matern 3/2 covariances (1 + r) exp(-r), r = sqrt(3 s), in place of squared distances s; within 5e-11, the
/// same bits everywhere. Written for many at once: some 3 ns each.
///
/// Source: Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, equation 4.17.
void to_covariances(std::span<double> squared);

/// A symmetric positive definite matrix and its Cholesky factor, L L^T = A. Stored by columns, of which only
/// what is on and below the diagonal counts.
class Cholesky {
 public:
  explicit Cholesky(std::size_t size) : size_(size), elements_(size * size) {}

  double* column(std::size_t j) { return &elements_[j * size_]; }
  const double* column(std::size_t j) const { return &elements_[j * size_]; }

  /// L in the matrix's place.
  void factor();
  /// x with A x = b, in place of b, once factored.
  void solve(std::span<double> b) const;
  /// L^-1 of the first `count` rows and columns, on and below the diagonal, by columns that are `stride` >=
  /// count apart in `inverse`, whose other elements are left alone.
  void invert(std::size_t count, std::size_t stride, double* inverse) const;

 private:
  std::size_t size_;
  std::vector<double> elements_;
};

}  // namespace stagecraft
