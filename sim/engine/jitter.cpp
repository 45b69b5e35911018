#include "sim/engine/jitter.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace stagecraft {
namespace {

std::uint64_t mix(std::uint64_t z) {  // the output function of SplitMix64
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

std::uint32_t finish_hash(std::uint32_t x) {
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  return (x ^ (x >> 13)) * 0xC2B2AE35u;
}

// What draw_factors() of the kernels computes, for one lane.
std::size_t factor_index(std::uint32_t task_seed, TaskId task, std::uint32_t lane_key) {
  const std::uint32_t x = finish_hash(task_seed + task * 0x9E3779B9u);
  return finish_hash((x ^ (x >> 16)) ^ lane_key) >> 22;
}

}  // namespace

namespace detail {

std::uint32_t jitter_task_seed(std::uint64_t seed) {
  return static_cast<std::uint32_t>(mix(seed) >> 32);
}

std::uint32_t jitter_lane_key(std::uint64_t seed, std::size_t sample) {
  constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15u;
  return static_cast<std::uint32_t>(mix(mix(seed + kStep) + sample * kStep) >> 32);
}

std::int64_t jitter_scale(std::int64_t duration, std::uint32_t factor) {
  return (duration * static_cast<std::int64_t>(factor) + (1 << (kJitterBits - 1))) >> kJitterBits;
}

}  // namespace detail

Duration jittered(Duration duration, const Jitter& jitter, TaskId task, std::size_t sample) {
  const std::uint32_t task_seed = detail::jitter_task_seed(jitter.seed);
  const std::size_t index = factor_index(task_seed, task, detail::jitter_lane_key(jitter.seed, sample));
  return Duration{detail::jitter_scale(duration.count(), jitter.factors[index])};
}

void check(const Jitter& jitter) {
  if (jitter.factors.size() != kJitterFactors) {
    throw std::invalid_argument("jitter needs " + std::to_string(kJitterFactors) + " factors, got " +
                                std::to_string(jitter.factors.size()));
  }
  if (std::ranges::max(jitter.factors) >= 4u << kJitterBits) {
    throw std::invalid_argument("jitter factors must be below 4");
  }
}

}  // namespace stagecraft
