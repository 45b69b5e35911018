#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.h"
#include "sim/engine/batch_kernel.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// Noise of single tasks: the duration of a task in a sample is multiplied by one of `factors`, drawn by a
/// hash of seed, sample and TaskId, each with equal probability. So the factors are quantiles of the wanted
/// distribution.
struct Jitter {
  std::uint64_t seed = 0;
  /// kJitterFactors numbers, in units of 2^-kJitterBits, each below 4.
  std::vector<std::uint32_t> factors;
};

/// `duration` of a task in a sample under `jitter`, rounded to the nearest nanosecond, halves up: what
/// replay_batch() computes in lanes.
Duration jittered(Duration duration, const Jitter& jitter, TaskId task, std::size_t sample);

/// Throws std::invalid_argument, saying what is wrong with the factors.
void check(const Jitter& jitter);

namespace detail {
/// The parts of the hash that are the same for all tasks of a sample and for all samples of a seed.
std::uint32_t jitter_lane_key(std::uint64_t seed, std::size_t sample);
std::uint32_t jitter_task_seed(std::uint64_t seed);
/// (duration * factor + half) >> kJitterBits.
std::int64_t jitter_scale(std::int64_t duration, std::uint32_t factor);
}  // namespace detail

}  // namespace stagecraft
