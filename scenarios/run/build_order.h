#pragma once

#include "scenarios/run/build.h"

namespace stagecraft {

/// Plans the order of a schedule that depends on costs, in place of the one that stands for it, and notes how
/// good it is. Refuses limits that the schedule does not read. REQUIRES: the costs of `built` are there.
/// Throws InputError where the limits hold no micro-batch.
void plan_order_of(const ReadScenario& read, BuiltScenario& built);

}  // namespace stagecraft
