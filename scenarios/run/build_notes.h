#pragma once

#include "scenarios/run/build.h"

namespace stagecraft {

/// What whoever reads the numbers of this scenario should know of its costs, one sentence each: constants
/// that were fitted on another device, times that no such device can reach.
std::vector<std::string> notes_of(const BuiltScenario& built);

}  // namespace stagecraft
