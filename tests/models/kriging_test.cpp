#include "models/kriging.h"

#include <catch2/catch.hpp>

#include <cmath>

using namespace stagecraft;

namespace {

Estimate at(const Kriging& kriging, double x, const KrigingOptions& options) {
  return kriging.at(std::vector{x}, options);
}

double matern(double r) {
  return (1 + std::sqrt(3) * r) * std::exp(-std::sqrt(3) * r);
}

}  // namespace

TEST_CASE("of one point simple kriging is a weighted mean of it and the mean that is given", "[formula]") {
  // value = mean + k / (1 + nugget) (v - mean), variance = 1 + nugget - k^2 / (1 + nugget)
  const Kriging one(1, {0}, {7});
  for (const double x : {0.0, 0.3, 1.0, 2.5}) {
    CAPTURE(x);
    const Estimate estimate = at(one, x, {.nugget = 0.1, .mean = 2.0});
    CHECK(estimate.value == Approx(2 + matern(x) / 1.1 * 5));
    CHECK(estimate.deviation == Approx(std::sqrt(1.1 - matern(x) * matern(x) / 1.1)));
  }
}

TEST_CASE("far from all points an estimate returns to the mean that is given or else to theirs",
          "[formula]") {
  const Kriging two(1, {0, 100}, {1, 4});
  CHECK(at(two, 1000, {.mean = 0.0}).value == Approx(0).margin(1e-12));
  CHECK(at(two, 1000, {.mean = 9.0}).value == Approx(9));
  CHECK(at(two, 1000, {}).value == Approx(2.5));
}

TEST_CASE("at a point without noise the mean that is given does not matter", "[formula]") {
  const Kriging three(1, {0, 1, 2}, {1, 3, 2});
  for (const double mean : {-5.0, 0.0, 5.0}) {
    const Estimate estimate = at(three, 1, {.nugget = 0, .mean = mean});
    CHECK(estimate.value == Approx(3));
    CHECK(estimate.deviation == Approx(0).margin(1e-6));
  }
}
