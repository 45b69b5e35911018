#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "models/calibration.h"
#include "scenarios/run/steps.h"

namespace stagecraft {

/// How far simulated steps are from measured ones, relative to these.
struct StepErrors {
  std::size_t steps = 0;
  double mean = 0;    ///< mean |simulated / measured - 1|
  double median = 0;  ///< of the same
  double p90 = 0;     ///< of the same
  double worst = 0;   ///< of the same
  double bias = 0;    ///< mean of simulated / measured - 1
};
StepErrors errors_of(std::span<const double> simulated, std::span<const double> measured);

/// A fit and what it says of the steps that it was not given.
struct CalibrationFit {
  Calibration calibration;      ///< constants, layers, deviation and held_out_error; the rest is empty
  double shape_coverage80 = 0;  ///< share of left-out shapes' factors inside the stated 80 % interval
  /// What ended at a bound of its search, so that the steps ask for more than the model can say:
  /// "host_launch at 1 ms, its upper bound".
  std::vector<std::string> at_bounds;
};

/// Whether a fit may change the roofline's constants.
enum class FitConstants { Yes, Keep };

/// Fits a calibration to steps without a pipeline, so that the time of a step is the sum of its parts: first
/// the roofline's constants (attention_efficiency, host_launch, rank_spread and the collectives'
/// intra_efficiency; the rest as in `start`), then one factor for each layer shape.
///
/// The constants make the mean over shapes of |log(simulated / measured)|, averaged over a shape's steps,
/// least: a shape counts once however many steps it has, for their errors are nearly the same. A constant on
/// which no step depends, such as rank_spread without tensor parallelism, stays as in `start`. A shape's
/// factors make the sum of squares of its steps' relative errors least. The deviation of the intervals and
/// held_out_error come from leaving out one shape after another, with the constants as they are; of fewer
/// than three shapes they stay at their defaults. `progress` is called with a share 0 ... 1.
///
/// About 1200 simulations of every step, or four where constants are kept. Steps that differ in what a
/// LayerShape does not have, such as recomputation, share a factor all the same. REQUIRES: at least one step,
/// all of one read_steps(); pipeline() == 1 for all.
CalibrationFit calibrate(std::span<const MeasuredStep> steps, const RooflineConstants& start,
                         FitConstants constants, const std::function<void(double)>& progress = {});

/// How well simulated times choose among strategies for the same job: steps alike in model, cluster, devices
/// used and global batch, two or more of them. All 0 where there is no such group.
struct ChoiceQuality {
  std::size_t groups = 0;
  double fastest_picked = 0;    ///< share of groups whose fastest simulated step is the truly fastest
  double mean_regret = 0;       ///< what the picked step is slower than the truly fastest, relative
  double worst_regret = 0;      ///< of the same
  double within_3_percent = 0;  ///< share of groups with at most that regret
  double ordered_pairs = 0;     ///< share of pairs within the groups that are simulated in the measured order
};
ChoiceQuality choice_quality(std::span<const MeasuredStep> steps, std::span<const double> simulated);

}  // namespace stagecraft
