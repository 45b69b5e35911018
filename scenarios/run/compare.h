#pragma once

#include <optional>
#include <string>
#include <vector>

#include "scenarios/run/run.h"
#include "scenarios/run/uncertainty.h"

namespace stagecraft {

/// A schedule to compare, and the settings that make a scenario use it.
struct Alternative {
  std::string name;                    ///< "interleaved-1f1b v=4"
  std::vector<std::string> overrides;  ///< "pipeline.schedule=interleaved-1f1b", "pipeline.chunks=4"
};

/// Reads "1f1b,interleaved-1f1b:v=2..4:b=1,gpipe": names from the registry, each with settings behind colons:
/// v chunks of a rank, b samples of a micro-batch, t, p and d the tensor, pipeline and data groups, or any
/// key of the scenario; of a range every number. Throws std::invalid_argument with what is wrong.
std::vector<Alternative> parse_alternatives(const std::string& text);

/// One schedule of a comparison.
struct Compared {
  std::string name;
  PipelineMetrics metrics;
  std::optional<Uncertainty> uncertainty;
  std::string left_out;  ///< why it could not be simulated; otherwise empty
  int chunks = 1;        ///< of a rank, of which metrics.peak_activations counts each by itself; so of segments
  int segments = 1;
  Bytes memory{0};       ///< of a device; 0: not known
  std::int64_t devices = 0;
  std::int64_t samples = 0;  ///< of a step; micro-batches where there is no model
  std::optional<Transformer> model{};

  bool fits() const;                  ///< into the device's memory
  double seconds_per_sample() const;  ///< by which a comparison ranks. REQUIRES: not left out
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

/// `path` with each alternative's settings behind `overrides`. `samples` 0: no uncertainty. `within`: the memory that
/// a device may hold; nothing: what the device has.
/// Throws InputError where none can be simulated.
Comparison compare_schedules(const std::string& path, const std::vector<std::string>& overrides,
                             const std::vector<Alternative>& alternatives, std::int64_t samples,
                             std::uint64_t seed, std::optional<Bytes> within = {});

/// A table, and what it says in words: which schedule is fastest by how much, and whether the tables' errors
/// leave that open.
std::string console_report(const Comparison& comparison, bool colour);
/// {"stagecraft", "scenario", "kind": "comparison", "runs": [...]}.
std::string json_report(const Comparison& comparison, std::string_view version);

}  // namespace stagecraft
