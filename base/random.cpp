#include "base/random.h"

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

namespace stagecraft {
namespace {

__extension__ using Wide = unsigned __int128;

/// One step of SplitMix64: the increment is 2^64 / golden ratio, the rest is its finalizer (Stafford's
/// variant 13).
std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

/// ln 2 in two parts: kLn2High has 32 significant bits, so that k * kLn2High is exact for every exponent k.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

/// x * 2^k without the library: k in two steps, so that results below the normal range are rounded once.
double scale(double x, int k) {
  const auto power = [](int e) { return std::bit_cast<double>(static_cast<std::uint64_t>(e + 1023) << 52); };
  if (k < -1022) return x * power(k + 200) * power(-200);
  return k > 1023 ? x * power(1023) * power(k - 1023) : x * power(k);
}

}  // namespace

std::uint64_t stream_seed(std::uint64_t seed, std::string_view name) {
  // FNV-1a (Fowler, Noll, Vo) over the name; SplitMix64 then spreads seed and name over all bits.
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  std::uint64_t state = seed;
  state = split_mix(state) ^ hash;
  return split_mix(state);
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) : state_{} {
  std::uint64_t state = stream_seed(seed, name);
  for (std::uint64_t& word : state_) word = split_mix(state);
}

std::uint64_t RandomStream::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

double RandomStream::uniform01() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

std::uint64_t RandomStream::below(std::uint64_t n) {
  Wide product = Wide{next()} * n;
  if (static_cast<std::uint64_t>(product) < n) {
    // The lowest 2^64 mod n products of each value are one too many; reject them.
    const std::uint64_t surplus = (0 - n) % n;
    while (static_cast<std::uint64_t>(product) < surplus) product = Wide{next()} * n;
  }
  return static_cast<std::uint64_t>(product >> 64);
}

std::int64_t RandomStream::between(std::int64_t low, std::int64_t high) {
  const std::uint64_t count = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  const std::uint64_t offset = count == 0 ? next() : below(count);  // 0: all 2^64 values
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

double RandomStream::exponential(double mean) {
  return -mean * portable_log(1 - uniform01());
}

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  double x = 0;
  double y = 0;
  double square = 0;
  do {
    x = 2 * uniform01() - 1;
    y = 2 * uniform01() - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  const double factor = std::sqrt(-2 * portable_log(square) / square);
  spare_normal_ = y * factor;
  has_spare_ = true;
  return x * factor;
}

double RandomStream::lognormal(double mu, double sigma) {
  return portable_exp(normal(mu, sigma));
}

std::int64_t RandomStream::poisson(double mean) {
  constexpr double kStep = 16;  // e^-16 is far from the end of the number range
  std::int64_t total = 0;
  for (double rest = mean; rest > 0; rest -= kStep) {
    const double part = rest < kStep ? rest : kStep;
    double term = portable_exp(-part);
    double u = uniform01();
    std::int64_t count = 0;
    // Beyond 200 the tail is below 2^-53: stop where rounding would leave u above a sum that grows no more.
    for (; u >= term && count < 200; ++count) {
      u -= term;
      term *= part / static_cast<double>(count + 1);
    }
    total += count;
  }
  return total;
}

double portable_log(double x) {
  int exponent = 0;
  if (x < 0x1p-1022) {  // below the normal range: no leading bit
    x *= 0x1p54;
    exponent = -54;
  }
  const auto bits = std::bit_cast<std::uint64_t>(x);
  exponent += static_cast<int>(bits >> 52) - 1023;
  double m = std::bit_cast<double>((bits & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);  // in [1, 2)
  if (m > 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.1716: s^2 < 0.0295, and s^25 / 25 is below 2^-66.
  // Written as f - s (f - R) with f = m - 1 exact, since 2 s = f - s f: the rounding of s then hardly
  // matters.
  const double f = m - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  double series = 0;
  for (int k = 23; k >= 3; k -= 2) series = (series + 2.0 / k) * z;
  const double k = exponent;
  return k * kLn2High + (f - (s * (f - series) - k * kLn2Low));
}

double portable_log2(double x) {
  return portable_log(x) * std::numbers::log2e;
}

double portable_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  const double scaled = x * 1.4426950408889634;
  const int k = static_cast<int>(scaled + (scaled < 0 ? -0.5 : 0.5));
  const double high = x - k * kLn2High;
  const double low = k * kLn2Low;
  const double r = high - low;  // |r| <= 0.3466
  const double error = (high - r) - low;
  double series = 1;
  for (int n = 14; n >= 2; --n) series = 1 + series * r / n;  // r^15 / 15! is below 2^-60
  return scale(1 + (r * series + error), k);
}

}  // namespace stagecraft
