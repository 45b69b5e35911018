#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/run/alternatives.h"
#include "scenarios/run/run.h"
#include "scenarios/run/uncertainty.h"

namespace stagecraft {

/// One schedule of a comparison.
struct Compared {
  std::string name;
  PipelineMetrics metrics{};
  std::optional<Uncertainty> uncertainty{};
  std::string left_out{};  ///< why it could not be simulated; otherwise empty
  ScheduleShape shape{};
  Bytes memory{0};  ///< of a device; 0: not known
  std::int64_t devices = 0;
  std::int64_t samples = 0;  ///< of a step; micro-batches where there is no model
  std::optional<Transformer> model{};
  std::vector<std::string> notes{};

  bool fits() const;                  ///< into the device's memory
  double seconds_per_sample() const;  ///< by which a comparison ranks. REQUIRES: not left out
  double samples_per_second() const;  ///< 0 where a step takes no time. REQUIRES: not left out
};

/// Schedules on one scenario, those with the most samples a second first: where all do the same work that is
/// the shortest step. Behind them those that no device holds, then those that were left out.
struct Comparison {
  std::string scenario;
  std::string first_named;  ///< the schedule that was named first
  std::vector<Compared> runs;
  std::vector<std::string> notes;

  std::size_t simulated() const;
  bool unlike_batches() const;  ///< in the samples of a step: then a shorter step is not a faster one
  bool unlike_devices() const;
  bool unlike_models() const;
};

/// Whether a is faster than b in each sample of the costs: 1, equally fast: 0.5, slower: 0. Counted for each
/// sample of a step's work, so that steps of unlike batches compare.
/// REQUIRES: both have samples, of the same number and seed.
std::vector<double> faster(const Compared& a, const Compared& b);
/// Their mean: the share of the samples in which a is faster.
/// REQUIRES: both have samples, of the same number and seed.
double faster_in(const Compared& a, const Compared& b);

/// A share of samples from which on an order counts as settled.
inline constexpr double kSettled = 0.95;

/// `path` with each alternative's settings behind `overrides`. `samples` 0: no uncertainty. `within`: the
/// memory that a device may hold, for which zb-auto plans (but where it has an activation_limit) and
/// recompute: auto chooses; nothing: what the device has. Throws InputError where none can be simulated, and
/// where `within` is given and costs have no bytes.
Comparison compare_schedules(const std::string& path, const std::vector<std::string>& overrides,
                             const std::vector<Alternative>& alternatives, std::int64_t samples,
                             std::uint64_t seed, std::optional<Bytes> within = {});

/// A table, and what it says in words: which schedule is fastest by how much, and whether the tables' errors
/// leave that open.
std::string console_report(const Comparison& comparison, bool colour);
/// {"stagecraft", "scenario", "kind": "comparison", "runs": [...]}.
std::string json_report(const Comparison& comparison, std::string_view version);

}  // namespace stagecraft
