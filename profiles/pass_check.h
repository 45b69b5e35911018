#pragma once

#include <string>
#include <vector>

#include "profiles/raw_rows.h"

namespace stagecraft {

/// What a pass took (profiles/pass_plan.h), and what it should take by the table made on the same device.
struct PassPrediction {
  std::string family;
  std::string format;
  std::string point;
  std::size_t kernels = 0;
  double measured_us = 0;            ///< mean of its rows
  double predicted_us = 0;           ///< 0: not predicted
  double inside_us = 0;              ///< sum of what its kernels took inside it; 0: not measured
  std::vector<std::string> missing;  ///< families of which the table has no row: why it was not predicted

  double error() const { return predicted_us / measured_us - 1; }
};

struct PassCheck {
  std::string device;
  double gap_us = -1;     ///< between the end of a kernel and the start of the next; -1: not measured
  double launch_us = -1;  ///< of the host for one launch after another; -1: not measured
  std::vector<PassPrediction> passes;  ///< by family, format, then point as measured
};

/// Predicts every pass that the rows measured end to end from their other rows: its kernels' times, each as
/// measured alone (profiles/kernel_predictor.h), and a gap between each two; but no less than the host needs
/// to launch them. The gap is that of the rows of kernel-chain, the launches' cost the slope of those of
/// launch. Throws InputError where the catalog does not have the device, or no row is of a pass.
PassCheck check_passes(const RawRows& rows);

/// For people: measured, predicted, error and the kernels' sum inside for each pass; the mean error of each
/// family.
std::string to_text(const PassCheck& check);

}  // namespace stagecraft
