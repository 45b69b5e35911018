#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace stagecraft {

/// Hardware counters to read together, as the device wants them.
struct MetricsPlan {
  std::size_t passes = 0;            ///< how often a kernel must be run to read them all
  std::vector<std::uint8_t> config;  ///< for the Range Profiler
};

/// Counters that a single pass on GH100 (H100, H200) reads: time, device memory and L2 bytes, cycles, clock,
/// and FLOPs of bf16 on tensor cores.
std::span<const char* const> one_pass_metrics();

/// Plans the passes for `metrics` on `chip`, such as GH100. Needs neither GPU nor driver. Throws InputError
/// for an unknown chip or metric, with the chips that are known. `availability`: which counters this
/// machine's driver grants (cuptiProfilerGetCounterAvailability); empty: all.
MetricsPlan plan_metrics(const std::string& chip, std::span<const char* const> metrics,
                         std::span<const std::uint8_t> availability = {});

/// Every chip that this CUPTI knows.
std::vector<std::string> known_chips();

}  // namespace stagecraft
