#include "base/random.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace stagecraft;

namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class Draw>
Moments moments(int count, const Draw& draw) {
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  const double mean = sum / count;
  return {mean, squares / count - mean * mean};
}

/// Largest distance between the empirical distribution of `values` and `cdf`, times sqrt(n): the statistic of
/// Kolmogorov and Smirnov. Above 1.95 once in a thousand where the distributions are the same.
template <class Cdf>
double kolmogorov(std::vector<double> values, const Cdf& cdf) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double p = cdf(values[i]);
    distance = std::max({distance, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return distance * std::sqrt(n);
}

template <class Draw>
std::vector<double> sample(int count, const Draw& draw) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(draw());
  return values;
}

/// |a - b| in units in the last place of b.
double ulps(double a, double b) {
  return std::fabs(a - b) /
         (std::nextafter(std::fabs(b), std::numeric_limits<double>::infinity()) - std::fabs(b));
}

}  // namespace

TEST_CASE("a stream depends on its seed and its name alone") {
  RandomStream a(7, "jitter");
  RandomStream same(7, "jitter");
  RandomStream other_name(7, "arrivals");
  RandomStream other_seed(8, "jitter");
  const std::uint64_t first = a.next();
  CHECK(first == same.next());
  CHECK(first != other_name.next());
  CHECK(first != other_seed.next());
}

TEST_CASE("the first numbers of a stream never change", "[golden]") {
  // Results of users depend on them. Any machine and compiler must print these bits.
  RandomStream random(42, "golden");
  CHECK(random.next() == 14171443675746872687u);
  CHECK(random.uniform01() == 0x1.61b9af0770d2p-2);
  CHECK(random.below(1000) == 915u);
  CHECK(random.exponential(2.0) == 0x1.58e5787e41b74p+1);
  CHECK(random.normal() == 0x1.4ccbd11ce79f3p+0);
  CHECK(random.lognormal(0.5, 0.25) == 0x1.2d01dc46544cp+1);
  CHECK(random.poisson(40) == 37);
}

TEST_CASE("the generator is xoshiro256** seeded by SplitMix64, written a second time", "[formula]") {
  // next = rotl(5 s1, 7) * 9, then s' = (s0^s1^s3, s0^s1^s2, s0^s2^(s1 << 17), rotl(s1^s3, 45))
  std::uint64_t seed = stream_seed(9, "check");
  std::uint64_t s[4];
  for (std::uint64_t& word : s) {
    seed += 0x9E3779B97F4A7C15;
    word = seed;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
    word ^= word >> 31;
  }
  RandomStream random(9, "check");
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t five = s[1] * 5;
    CHECK(random.next() == ((five << 7) | (five >> 57)) * 9);
    const std::uint64_t n0 = s[0] ^ s[3] ^ s[1];
    const std::uint64_t n1 = s[1] ^ s[2] ^ s[0];
    const std::uint64_t n2 = s[2] ^ s[0] ^ (s[1] << 17);
    const std::uint64_t x = s[3] ^ s[1];
    const std::uint64_t n3 = (x << 45) | (x >> 19);
    s[0] = n0, s[1] = n1, s[2] = n2, s[3] = n3;
  }
}

TEST_CASE("uniform numbers pass the Kolmogorov-Smirnov test and stay below 1", "[property]") {
  RandomStream random(1, "uniform");
  const std::vector<double> values = sample(100'000, [&] { return random.uniform01(); });
  CHECK(std::all_of(values.begin(), values.end(), [](double x) { return x >= 0 && x < 1; }));
  CHECK(kolmogorov(values, [](double x) { return x; }) < 1.95);
}

TEST_CASE("bounded integers are in range and equally likely", "[property]") {
  RandomStream random(2, "below");
  std::vector<int> counts(7);
  constexpr int kDraws = 70'000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(random.below(7));
  // chi^2 = sum (observed - expected)^2 / expected; with 6 degrees of freedom above 22.5 once in a thousand.
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 10'000.0) * (count - 10'000.0) / 10'000.0;
  CHECK(chi_square < 22.5);
  CHECK(random.below(1) == 0);
  for (int i = 0; i < 1000; ++i) CHECK(random.below(std::uint64_t{1} << 63) < std::uint64_t{1} << 63);
}

TEST_CASE("a bound of three quarters of the range has no bias", "[property]") {
  // Without rejection the lower third of [0, 3 * 2^62) would come up with 1/2 instead of 1/3.
  RandomStream random(3, "bias");
  int low = 0;
  for (int i = 0; i < 30'000; ++i)
    low += random.below(std::uint64_t{3} << 62) < std::uint64_t{1} << 62 ? 1 : 0;
  CHECK(std::abs(low - 10'000) < 270);  // 3.3 standard deviations of sqrt(30000 * 2/9) = 81.6
}

TEST_CASE("between includes both ends, also of the whole range") {
  RandomStream random(4, "between");
  bool low = false;
  bool high = false;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t x = random.between(-1, 1);
    REQUIRE((x >= -1 && x <= 1));
    low = low || x == -1;
    high = high || x == 1;
  }
  CHECK((low && high));
  CHECK(random.between(5, 5) == 5);
  bool negative = false;
  for (int i = 0; i < 100; ++i) negative = negative || random.between(INT64_MIN, INT64_MAX) < 0;
  CHECK(negative);
}

TEST_CASE("exponential numbers have the exponential distribution", "[property][formula]") {
  // F(x) = 1 - exp(-x / mean)
  RandomStream random(5, "exponential");
  const std::vector<double> values = sample(100'000, [&] { return random.exponential(3); });
  CHECK(kolmogorov(values, [](double x) { return 1 - std::exp(-x / 3); }) < 1.95);
}

TEST_CASE("normal numbers have the normal distribution", "[property][formula]") {
  // F(x) = erfc(-x / sqrt 2) / 2
  RandomStream random(6, "normal");
  const std::vector<double> values = sample(100'000, [&] { return random.normal(); });
  CHECK(kolmogorov(values, [](double x) { return std::erfc(-x / std::sqrt(2.0)) / 2; }) < 1.95);
}

TEST_CASE("lognormal numbers have the published mean", "[property][formula]") {
  // mean = exp(mu + sigma^2 / 2), variance = (exp(sigma^2) - 1) mean^2
  RandomStream random(7, "lognormal");
  const Moments m = moments(200'000, [&] { return random.lognormal(0.1, 0.3); });
  CHECK(m.mean == Approx(std::exp(0.1 + 0.045)).epsilon(0.003));
  CHECK(m.variance == Approx((std::exp(0.09) - 1) * std::exp(0.29)).epsilon(0.03));
}

TEST_CASE("Poisson numbers have mean and variance as asked", "[property][formula]") {
  // E = Var = mean; the standard error of the mean over n draws is sqrt(mean / n).
  const double mean = GENERATE(0.01, 0.7, 5.0, 16.0, 16.5, 100.0, 1234.5);
  CAPTURE(mean);
  RandomStream random(8, "poisson");
  constexpr int kDraws = 40'000;
  const Moments m = moments(kDraws, [&] { return static_cast<double>(random.poisson(mean)); });
  CHECK(std::fabs(m.mean - mean) < 4 * std::sqrt(mean / kDraws));
  CHECK(m.variance == Approx(mean).epsilon(mean < 0.1 ? 0.2 : 0.04));
  CHECK(RandomStream(1, "zero").poisson(0) == 0);
}

TEST_CASE("Poisson probabilities are e^-m m^k / k!", "[property][formula]") {
  RandomStream random(9, "poisson");
  std::vector<double> counts(12);
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i)
    counts[static_cast<std::size_t>(std::min<std::int64_t>(random.poisson(3), 11))] += 1;
  double chi_square = 0;
  double p = std::exp(-3.0);
  double rest = 1;
  for (std::size_t k = 0; k < 12; ++k) {
    const double expected = kDraws * (k == 11 ? rest : p);
    chi_square += (counts[k] - expected) * (counts[k] - expected) / expected;
    rest -= p;
    p *= 3.0 / static_cast<double>(k + 1);
  }
  CHECK(chi_square < 31.3);  // 11 degrees of freedom, once in a thousand
}

TEST_CASE("our logarithm and exponential are within 2 units in the last place", "[property]") {
  RandomStream random(10, "functions");
  double worst_log = 0;
  double worst_exp = 0;
  for (int i = 0; i < 200'000; ++i) {
    const double x = std::ldexp(1 + random.uniform01(), static_cast<int>(random.between(-1022, 1023)));
    worst_log = std::max(worst_log, ulps(portable_log(x), std::log(x)));
    const double near_one = 0.5 + 1.5 * random.uniform01();
    worst_log = std::max(worst_log, ulps(portable_log(near_one), std::log(near_one)));
    const double y = -708 + 1417 * random.uniform01();
    worst_exp = std::max(worst_exp, ulps(portable_exp(y), std::exp(y)));
  }
  CHECK(worst_log <= 2);
  CHECK(worst_exp <= 2);
}

TEST_CASE("our logarithm and exponential are right at the ends") {
  CHECK(portable_log(1) == 0);
  CHECK(portable_log(2) == Approx(0.6931471805599453).epsilon(1e-16));
  CHECK(portable_log(std::numeric_limits<double>::denorm_min()) == Approx(-744.4400719213812).epsilon(1e-15));
  CHECK(portable_log(std::numeric_limits<double>::max()) == Approx(709.782712893384).epsilon(1e-15));
  CHECK(portable_exp(0) == 1);
  CHECK(portable_exp(-1000) == 0);
  CHECK(portable_exp(1000) == std::numeric_limits<double>::infinity());
  CHECK(portable_exp(-745) == std::numeric_limits<double>::denorm_min());
  CHECK(std::isnan(portable_exp(std::nan(""))));
}
