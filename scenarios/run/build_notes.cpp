#include "scenarios/run/build_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "models/catalog.h"

namespace stagecraft {

namespace {

/// Model FLOPs of one micro-batch over what the device could do in the stages' times, forward and backward.
/// 0 where these are 0.
double share_of_peak(const BuiltScenario& built) {
  const auto& [model, cluster, strategy, batch] = *built.training;
  double seconds = 0;
  for (const StageCost& stage : built.problem.stages)
    seconds +=
        to_seconds(stage.forward + std::max(stage.backward, stage.input_gradient + stage.weight_gradient));
  const double flops = model_flops_per_sample(model) * strategy.micro_batch / strategy.tensor;
  return seconds > 0 ? flops / (seconds * cluster.device.half.per_second) : 0;
}

std::string measured_note(const Measured& measured) {
  if (measured.kernels.used().empty())
    return fmt::format("nothing of this scenario is in the measured table ({}): all by the roofline",
                       measured.source);
  return fmt::format(
      "{} from measured kernels ({}), all else by the roofline with efficiencies fitted on A100",
      fmt::join(measured.kernels.used(), ", "), measured.source);
}

std::string calibration_note(const Calibration& calibration) {
  std::string note =
      fmt::format("layers as in measured steps ({}): {} {}", calibration.source, calibration.layers.size(),
                  calibration.layers.size() == 1 ? "shape" : "shapes");
  if (calibration.held_out_error > 0)
    note += fmt::format(", one left out is predicted to {:.1f} %", 100 * calibration.held_out_error);
  return note;
}

}  // namespace

std::vector<std::string> notes_of(const BuiltScenario& built) {
  if (!built.training) return {};
  if (built.measured || built.calibrated) {
    std::vector<std::string> notes;
    if (built.measured) notes.push_back(measured_note(*built.measured));
    if (built.calibrated) notes.push_back(calibration_note(built.calibrated->calibration));
    return notes;
  }
  if (built.cost_model == CostModelKind::Roofline) {
    std::string note = constants_note(built.training->cluster.device);
    return note.empty() ? std::vector<std::string>() : std::vector{std::move(note)};
  }
  const double share = share_of_peak(built);
  if (share <= 1) return {};
  return {
      fmt::format("the given times would need {:.4g} times the device's peak for this model's FLOPs", share)};
}

}  // namespace stagecraft
