#pragma once

#include <string>
#include <vector>

#include "scenarios/run/build.h"

namespace stagecraft {

/// A training step that somebody measured, and the scenario that it is one of.
struct MeasuredStep {
  std::vector<std::string> settings;  ///< what its row sets: "parallel.tensor=2", "batch.micro=4"
  BuiltScenario built;
  double seconds = 0;

  int pipeline() const { return built.training->strategy.pipeline; }
  LayerShape shape() const;
};

/// Reads measured steps: comma-separated, a line a step. The first line names what changes from step to step,
/// scenario keys as `--set` takes them, and in its last column `step_s`, the seconds that were measured:
///
///     model.transformer.layers,parallel.tensor,batch.global,batch.micro,step_s
///     12,1,16,2,0.212
///
/// `base` is the scenario in which a line's keys are set; it must have a model. Devices and constants of the
/// roofline must be the same in all lines, since a calibration has one of each. Throws InputError at file and
/// line.
std::vector<MeasuredStep> read_steps(const std::string& file, const std::string& base);

/// Seconds of a step when the roofline's constants and the layers' factors are these; null: all 1.
/// O(ops). REQUIRES: `built` is of read_steps(), which refuses schedules that cannot run.
double simulated_seconds(const BuiltScenario& built, const RooflineConstants& constants,
                         const LayerFactors* layers);

/// The same of every step with a calibration.
std::vector<double> simulated_seconds(const std::vector<MeasuredStep>& steps, const Calibration& calibration);

}  // namespace stagecraft
