#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/reader/reader.h"

namespace stagecraft {

/// A training step that somebody timed, and the scenario that describes it.
struct PublishedStep {
  std::string label;
  ReadScenario read;
  double seconds = 0;

  int pipeline() const { return read.scenario.parallel.pipeline.value_or(1); }
  int tensor() const { return read.scenario.parallel.tensor; }
};

/// The folder that the environment variable STAGECRAFT_DATA names; empty when it is not set.
std::filesystem::path data_folder();

/// Steps that vTrain's authors measured on A100 (Bang et al., "vTrain", MICRO 2024): Megatron-DeepSpeed, 1F1B
/// with full recomputation, half precision in gradients, activations sent whole. Four HDR ports for a node's
/// eight devices are assumed. Throws InputError when the file cannot be read.
std::vector<PublishedStep> vtrain_steps(const std::filesystem::path& csv);
std::vector<PublishedStep> vtrain_one_node();
std::vector<PublishedStep> vtrain_several_nodes();

/// The scenarios in a folder that state a published step time, by name.
std::vector<PublishedStep> published_steps(const std::filesystem::path& folder);

/// Those of `steps` whose label has `part` in it.
std::vector<PublishedStep> labelled(const std::vector<PublishedStep>& steps, std::string_view part);

/// What `stagecraft run` says of the step, with the scenario's constants or with others.
double simulated_seconds(const PublishedStep& step);
double simulated_seconds(const PublishedStep& step, const RooflineConstants& constants);

/// How far the simulated times of a set of steps are from the measured ones, each relative to the measured
/// one.
struct Errors {
  std::size_t rows = 0;
  double mean = 0;    ///< of absolute values
  double median = 0;  ///< likewise
  double worst = 0;   ///< likewise
  double bias = 0;    ///< mean with sign; > 0: simulated too slow
};
Errors errors_of(const std::vector<PublishedStep>& steps);

}  // namespace stagecraft
