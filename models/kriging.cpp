#include "models/kriging.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMost = Kriging::kMostNeighbours;

double squared_distance(std::span<const double> a, const double* b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

double covariance(double squared) {
  const double r = std::numbers::sqrt3 * std::sqrt(squared);
  return (1 + r) * portable_exp(-r);
}

struct Neighbour {
  double squared = 0;
  std::size_t index = 0;

  bool operator<(const Neighbour& other) const {
    return squared != other.squared ? squared < other.squared : index < other.index;
  }
};

/// A symmetric positive definite system of up to kMost equations.
class Cholesky {
 public:
  explicit Cholesky(std::size_t size) : size_(size) {}

  double& at(std::size_t row, std::size_t column) { return lower_[row * kMost + column]; }

  /// L L^T = A, in place of the lower triangle.
  void factor() {
    for (std::size_t j = 0; j < size_; ++j) {
      for (std::size_t k = 0; k < j; ++k) at(j, j) -= at(j, k) * at(j, k);
      at(j, j) = std::sqrt(at(j, j));
      for (std::size_t i = j + 1; i < size_; ++i) {
        for (std::size_t k = 0; k < j; ++k) at(i, j) -= at(i, k) * at(j, k);
        at(i, j) /= at(j, j);
      }
    }
  }

  /// x with A x = b, in place of b.
  void solve(std::array<double, kMost>& b) {
    for (std::size_t i = 0; i < size_; ++i) {
      for (std::size_t k = 0; k < i; ++k) b[i] -= at(i, k) * b[k];
      b[i] /= at(i, i);
    }
    for (std::size_t i = size_; i-- > 0;) {
      for (std::size_t k = i + 1; k < size_; ++k) b[i] -= at(k, i) * b[k];
      b[i] /= at(i, i);
    }
  }

 private:
  std::size_t size_;
  std::array<double, kMost * kMost> lower_;
};

}  // namespace

Kriging::Kriging(std::size_t dimensions, std::vector<double> points, std::vector<double> values)
    : dimensions_(dimensions), points_(std::move(points)), values_(std::move(values)) {}

Estimate Kriging::at(std::span<const double> point, const KrigingOptions& options) const {
  std::vector<Neighbour> near(values_.size());
  for (std::size_t i = 0; i < near.size(); ++i)
    near[i] = {squared_distance(point, &points_[i * dimensions_]), i};
  const std::size_t count = std::min({options.neighbours, kMost, near.size()});
  std::partial_sort(near.begin(), near.begin() + static_cast<std::ptrdiff_t>(count), near.end());

  Cholesky system(count);
  std::array<double, kMost> to_point{};  // covariance of each neighbour with the point
  std::array<double, kMost> ones{};
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const double> at_i(&points_[near[i].index * dimensions_], dimensions_);
    for (std::size_t j = 0; j < i; ++j)
      system.at(i, j) = covariance(squared_distance(at_i, &points_[near[j].index * dimensions_]));
    system.at(i, i) = 1 + options.nugget;
    to_point[i] = covariance(near[i].squared);
    ones[i] = 1;
  }
  system.factor();
  std::array<double, kMost> weights = to_point;
  system.solve(weights);
  system.solve(ones);

  double mean = 0;
  double scale = 0;
  for (std::size_t i = 0; i < count; ++i) {
    mean += ones[i] * values_[near[i].index];
    scale += ones[i];
  }
  mean = options.mean ? *options.mean : mean / scale;
  double value = mean;
  double variance = 1 + options.nugget;
  for (std::size_t i = 0; i < count; ++i) {
    value += weights[i] * (values_[near[i].index] - mean);
    variance -= weights[i] * to_point[i];
  }
  return {value, std::sqrt(std::max(0.0, variance))};
}

}  // namespace stagecraft
