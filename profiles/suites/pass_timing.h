#pragma once

#include "profiles/suites/timing.h"

namespace stagecraft {

/// Measures a pass end to end, and what each of its kernels takes inside it.
///
/// The pass's row is the last. Its device time is from the first kernel's start to the last one's end, in
/// calls that queue behind each other, as the layers of a step do; its host time is until the device is done,
/// in calls that find it idle. Before it a row for each kernel under its own family (point_in_pass()), from
/// further calls; none for draft-verify-round, whose kernels are those of its steps. Throws NotHere,
/// DeviceError.
std::vector<MeasuredRow> measure_pass(Bench& bench, Tracer& tracer, const SuitePoint& point,
                                      const TimingRules& rules);

}  // namespace stagecraft
