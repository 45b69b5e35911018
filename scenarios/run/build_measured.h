#pragma once

#include "scenarios/run/build.h"

namespace stagecraft {

/// The table that 'costs.table' names, for kernels on `device`. Throws InputError where there is none, where
/// it cannot be read, and where it was measured on another device.
Measured measured_kernels(const ReadScenario& read, const Device& device);

/// The file that 'costs.calibration' names, for steps on `device`. Throws InputError likewise.
/// REQUIRES: the scenario names one.
Calibrated calibration_of(const ReadScenario& read, const Device& device);

}  // namespace stagecraft
