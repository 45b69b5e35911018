#pragma once

#include <chrono>
#include <cstdint>

namespace stagecraft {

/// Simulated time: 64-bit integer nanoseconds. Floating-point time is never compared or accumulated.
/// The largest Duration is about 292 years.
using Duration = std::chrono::nanoseconds;

/// A moment of simulated time, as the Duration since the start of the simulation.
using TimePoint = Duration;

/// A number of bytes, >= 0. Prefixes: 1 GB = 10^9 B, 1 GiB = 2^30 B.
struct Bytes {
  std::int64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

/// Bytes per second (decimal: 1 GB/s = 1e9), > 0.
struct ByteRate {
  double per_second = 0;
  auto operator<=>(const ByteRate&) const = default;
};

/// Floating-point operations, a multiply-add counted as two.
struct Flops {
  double count = 0;
  auto operator<=>(const Flops&) const = default;
};

/// Floating-point operations per second, > 0.
struct FlopRate {
  double per_second = 0;
  auto operator<=>(const FlopRate&) const = default;
};

/// The one place where seconds as a floating-point number become nanoseconds: rounds to the nearest,
/// halves away from zero. Throws std::domain_error for NaN, negative or more than 292 years.
Duration from_seconds(double seconds);

/// Seconds as a floating-point number, for output and for rates; never for comparing times.
constexpr double to_seconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-9;
}

}  // namespace stagecraft
