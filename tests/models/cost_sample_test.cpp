#include "models/cost_sample.h"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <vector>

using namespace stagecraft;

namespace {

constexpr std::array kQuery{4096.0, 1024.0};

double factor(const CostSample& sample) {
  return sample.factor("gemm", kQuery, 0.1);
}

}  // namespace

TEST_CASE("sample 0 is the prediction itself", "[formula]") {
  CHECK(factor({.seed = 1, .number = 0}) == 1);
  CHECK(CostSample{}.factor("gemm", kQuery, 5) == 1);
}

TEST_CASE("what is known exactly is alike in all samples", "[formula]") {
  CHECK(CostSample{.seed = 1, .number = 7}.factor("gemm", kQuery, 0) == 1);
}

TEST_CASE("the same question has the same factor and any other question another", "[property]") {
  const CostSample sample{.seed = 1, .number = 3};
  const std::array other{4096.0, 1025.0}, swapped{1024.0, 4096.0};
  CHECK(factor(sample) == factor(sample));
  CHECK(factor(sample) == factor({.seed = 1, .number = 3}));
  const std::vector<double> factors{factor(sample),
                                    sample.factor("layers", kQuery, 0.1),
                                    sample.factor("gemm", other, 0.1),
                                    sample.factor("gemm", swapped, 0.1),
                                    sample.factor("gemm", std::span(kQuery).first(1), 0.1),
                                    factor({.seed = 1, .number = 4}),
                                    factor({.seed = 2, .number = 3}),
                                    1};
  for (std::size_t a = 0; a < factors.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) CHECK(factors[a] != factors[b]);
}

TEST_CASE("a wider deviation moves a factor further the same way", "[property]") {
  const CostSample sample{.seed = 5, .number = 2};
  CHECK(std::log(sample.factor("gemm", kQuery, 0.2)) == Approx(2 * std::log(factor(sample))));
}

TEST_CASE("logarithms of sampled factors have mean 0 and the deviation asked for", "[property]") {
  constexpr int kNumbers = 10'000;
  constexpr double kDeviation = 0.1;
  double sum = 0, squares = 0;
  for (std::int64_t number = 1; number <= kNumbers; ++number) {
    const double log = std::log(CostSample{.seed = 11, .number = number}.factor("gemm", kQuery, kDeviation));
    sum += log;
    squares += log * log;
  }
  const double mean = sum / kNumbers;
  const double deviation = std::sqrt(squares / kNumbers - mean * mean);
  // Four standard errors: sigma / sqrt(n) of a mean, sigma / sqrt(2n) of a standard deviation.
  CHECK(std::abs(mean) < 4 * kDeviation / std::sqrt(kNumbers));
  CHECK(std::abs(deviation - kDeviation) < 4 * kDeviation / std::sqrt(2.0 * kNumbers));
}

TEST_CASE("factors of two questions are independent", "[property]") {
  constexpr int kNumbers = 10'000;
  double products = 0;
  for (std::int64_t number = 1; number <= kNumbers; ++number) {
    const CostSample sample{.seed = 3, .number = number};
    products += std::log(sample.factor("layers", kQuery, 1)) * std::log(sample.factor("ends", kQuery, 1));
  }
  CHECK(std::abs(products / kNumbers) < 4 / std::sqrt(kNumbers));
}
