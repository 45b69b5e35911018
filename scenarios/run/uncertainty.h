#pragma once

#include <cstdint>
#include <vector>

#include "scenarios/run/build.h"

namespace stagecraft {

/// Makespans of a step when what was measured is off by its stated errors: one for each sample of the costs
/// (CostSample), 1, 2, ... Sample n is the same for every scenario with the same tables and seed, so that two
/// schedules can be compared sample by sample.
struct Uncertainty {
  std::uint64_t seed = 0;
  std::vector<Duration> makespans;

  std::int64_t samples() const { return static_cast<std::int64_t>(makespans.size()); }
  /// The makespan that a share of the samples does not exceed. REQUIRES: 0 <= share <= 1, samples.
  Duration quantile(double share) const;
};

/// Simulates `samples` samples, sixteen side by side where links are not shared. O(samples * ops).
/// Throws InputError where none of the scenario's costs states an error (it has neither a table nor a
/// calibration) and for times that no simulation holds. REQUIRES: samples >= 1.
Uncertainty uncertainty_of(const BuiltScenario& built, std::int64_t samples, std::uint64_t seed);

}  // namespace stagecraft
