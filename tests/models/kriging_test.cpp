#include "models/kriging.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "models/covariance.h"

using namespace stagecraft;

namespace {

/// What points on a line and their values say of another point.
Estimate at(double x, const std::vector<double>& points, const std::vector<double>& values,
            const KrigingOptions& options = {}) {
  return Kriging(1, points, values, options).at(std::vector{x});
}

double matern(double r) {
  return (1 + std::sqrt(3) * r) * std::exp(-std::sqrt(3) * r);
}

}  // namespace

TEST_CASE("of one point simple kriging is a weighted mean of it and the mean that is given", "[formula]") {
  // value = mean + k / (1 + nugget) (v - mean), variance = 1 + nugget - k^2 / (1 + nugget)
  for (const double x : {0.0, 0.3, 1.0, 2.5}) {
    CAPTURE(x);
    const Estimate estimate = at(x, {0}, {7}, {.nugget = 0.1, .mean = 2.0});
    CHECK(estimate.value == Approx(2 + matern(x) / 1.1 * 5));
    CHECK(estimate.deviation == Approx(std::sqrt(1.1 - matern(x) * matern(x) / 1.1)));
  }
}

TEST_CASE("far from all points an estimate returns to the mean that is given or else to theirs",
          "[formula]") {
  const std::vector<double> points{0, 100}, values{1, 4};
  CHECK(at(1000, points, values, {.mean = 0.0}).value == Approx(0).margin(1e-12));
  CHECK(at(1000, points, values, {.mean = 9.0}).value == Approx(9));
  CHECK(at(1000, points, values).value == Approx(2.5));
}

TEST_CASE("at a point without noise the mean that is given does not matter", "[formula]") {
  for (const double mean : {-5.0, 0.0, 5.0}) {
    const Estimate estimate = at(1, {0, 1, 2}, {1, 3, 2}, {.nugget = 0, .mean = mean});
    CHECK(estimate.value == Approx(3));
    CHECK(estimate.deviation == Approx(0).margin(1e-6));
  }
}

TEST_CASE("covariances of many distances are the formula's", "[formula]") {
  std::vector<double> covariances;
  for (int i = 0; i <= 4000; ++i) covariances.push_back(i * i * 1e-4);  // distances up to 40
  to_covariances(covariances);
  double worst = 0;
  for (int i = 0; i <= 4000; ++i) worst = std::max(worst, std::abs(covariances[i] - matern(i * 0.01)));
  CHECK(worst < 5e-11);
}

TEST_CASE("a Cholesky factor solves its equations and its inverse makes them the identity", "[formula]") {
  Cholesky matrix(3);  // rows 4 2 1, 2 5 3, 1 3 6
  const double below[] = {4, 2, 1, 5, 3, 6};
  std::size_t next = 0;
  for (std::size_t j = 0; j < 3; ++j)
    for (std::size_t i = j; i < 3; ++i) matrix.column(j)[i] = below[next++];
  matrix.factor();
  std::vector<double> x{4 + 4 + 3.0, 2 + 10 + 9.0, 1 + 6 + 18.0};  // of 1, 2, 3
  matrix.solve(x);
  for (std::size_t i = 0; i < 3; ++i) CHECK(x[i] == Approx(static_cast<double>(i + 1)));
  std::vector<double> inverse(8, 7);
  matrix.invert(2, 4, inverse.data());  // of L = 2 0, 1 2
  CHECK(inverse == std::vector<double>{0.5, -0.25, 7, 7, 7, 0.5, 7, 7});
}

TEST_CASE("with many points every one is said again, and between them what they agree on", "[property]") {
  std::vector<double> points, values;
  const auto f = [](double x, double y) { return std::sin(x) + 0.5 * y; };
  for (int i = 0; i < 400; ++i) {
    points.insert(points.end(), {0.2 * (i % 20), 0.2 * (i / 20)});
    values.push_back(f(points[2 * i], points[2 * i + 1]));
  }
  const Kriging grid(2, points, values, {.nugget = 1e-4});
  double at_points = 0, between = 0;
  for (int i = 0; i < 400; ++i) {
    const double x = points[2 * i], y = points[2 * i + 1];
    at_points = std::max(at_points, std::abs(grid.at(std::vector{x, y}).value - f(x, y)));
    const double right = std::min(3.8, x + 0.1);
    between = std::max(between, std::abs(grid.at(std::vector{right, y}).value - f(right, y)));
  }
  CHECK(at_points < 0.02);
  CHECK(between < 0.05);
  CHECK(grid.at(std::vector{1.0, 1.0}).deviation < 0.1);
  CHECK(grid.at(std::vector{9.0, 9.0}).deviation > 0.9);
}

TEST_CASE("points given twice are one place with two values", "[formula]") {
  CHECK(at(0, {0, 0}, {1, 3}).value == Approx(2));
  CHECK(at(0, {0, 0}, {1, 3}, {.nugget = 0.1}).deviation < at(0, {0}, {1}, {.nugget = 0.1}).deviation);
}
