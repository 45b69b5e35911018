#include "models/covariance.h"

#include <algorithm>
#include <cmath>

namespace stagecraft {

// No calls and no branches in these loops, so that the compiler makes vectors of them: exp(-r) is the 128th
// power of exp(-r / 128), and that a polynomial. The error's largest is near r = 7, of
// (1 + r) r^6 exp(-r) / (6! 128^5).
void to_covariances(std::span<double> squared) {
  constexpr double kFar = 38;  // where the covariance is below 1e-15
  for (double& s : squared) {
    const double r = std::sqrt(3 * s);
    s = r < kFar ? r : kFar;
  }
  for (double& s : squared) {
    const double x = s * (-1.0 / 128);
    double e = 1 + x * (1 + x * (1.0 / 2 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120)))));
    e *= e;  // 2
    e *= e;  // 4
    e *= e;  // 8
    e *= e;  // 16
    e *= e;  // 32
    e *= e;  // 64
    e *= e;  // 128
    s = (1 + s) * e;
  }
}

void Cholesky::factor() {
  for (std::size_t j = 0; j < size_; ++j) {
    double* const pivot = column(j);
    pivot[j] = std::sqrt(pivot[j]);
    const double inverse = 1 / pivot[j];
    for (std::size_t i = j + 1; i < size_; ++i) pivot[i] *= inverse;
    for (std::size_t k = j + 1; k < size_; ++k) {
      double* const rest = column(k);
      const double times = pivot[k];
      for (std::size_t i = k; i < size_; ++i) rest[i] -= pivot[i] * times;
    }
  }
}

void Cholesky::solve(std::span<double> b) const {
  for (std::size_t j = 0; j < size_; ++j) {
    b[j] /= column(j)[j];
    for (std::size_t i = j + 1; i < size_; ++i) b[i] -= column(j)[i] * b[j];
  }
  for (std::size_t j = size_; j-- > 0;) {
    for (std::size_t i = j + 1; i < size_; ++i) b[j] -= column(j)[i] * b[i];
    b[j] /= column(j)[j];
  }
}

void Cholesky::invert(std::size_t count, std::size_t stride, double* inverse) const {
  for (std::size_t j = 0; j < count; ++j) {
    double* const x = inverse + j * stride;
    x[j] = 1;
    for (std::size_t i = j + 1; i < count; ++i) x[i] = 0;
    for (std::size_t k = j; k < count; ++k) {
      x[k] /= column(k)[k];
      for (std::size_t i = k + 1; i < count; ++i) x[i] -= column(k)[i] * x[k];
    }
  }
}

}  // namespace stagecraft
