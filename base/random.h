#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace stagecraft {

/// A named stream of random numbers. A stream per purpose ("jitter", "arrivals"): its numbers depend on the
/// seed and its own name alone, so a new stream does not shift the others.
///
/// Every function gives the same bits on every machine and compiler: integer arithmetic, and of floating
/// point only + - * / and square root, which IEEE 754 rounds exactly, without fused multiply-add
/// (-ffp-contract=off). Logarithm and exponential are our own for this reason. The standard library's
/// distributions differ between implementations and are not used.
///
/// Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021
/// (xoshiro256**, period 2^256 - 1), seeded through Steele, Lea and Flood's SplitMix64 (OOPSLA 2014).
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view name);

  std::uint64_t next();
  /// In [0, 1), a multiple of 2^-53.
  double uniform01();
  /// In [0, n), without bias. REQUIRES: n > 0. Source: Lemire, ACM TOMACS 29(1), 2019.
  std::uint64_t below(std::uint64_t n);
  /// In [low, high]. REQUIRES: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);
  bool chance(double probability) { return uniform01() < probability; }

  /// By inverse transform, -mean * ln(1 - u). REQUIRES: mean >= 0.
  double exponential(double mean);
  /// Standard normal. Source: Marsaglia and Bray, "A convenient method for generating normal variables", SIAM
  /// Review 6(3), 1964 (polar method; the second of each pair is kept for the next call).
  double normal();
  double normal(double mean, double deviation) { return mean + deviation * normal(); }
  /// exp(normal(mu, sigma)): its median is exp(mu), its mean exp(mu + sigma^2 / 2).
  double lognormal(double mu, double sigma);
  /// By inverse transform in steps of at most 16, as a sum of independent Poissons: O(mean) time. REQUIRES: 0
  /// <= mean, finite.
  std::int64_t poisson(double mean);

 private:
  std::array<std::uint64_t, 4> state_;
  double spare_normal_ = 0;
  bool has_spare_ = false;
};

/// 64-bit hash of a seed and a name, by which streams are kept apart. Stable for ever: results depend on it.
std::uint64_t stream_seed(std::uint64_t seed, std::string_view name);

/// Natural logarithm of a finite x > 0, within 2 units in the last place; the same bits everywhere.
double portable_log(double x);
/// The logarithm to base 2, made of portable_log().
double portable_log2(double x);
/// e^x, within 2 units in the last place; 0 below -745, infinity above 709.78; the same bits everywhere.
double portable_exp(double x);

}  // namespace stagecraft
