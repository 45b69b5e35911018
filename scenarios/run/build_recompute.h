#pragma once

#include <string>

#include "scenarios/run/build.h"

namespace stagecraft {

/// Chooses what every stage recomputes: the least with which its rank fits into `memory` of a device, selective
/// before full, and of a rank's chunks those first that come first in the model, since they hold the most
/// micro-batches. Sets the costs that follow, and returns a note of the choice. Takes as many walks over the
/// schedule as a rank's stages change their choice. REQUIRES: a scenario with a model, its schedule and costs.
/// Source: AdaPipe (Sun et al., ASPLOS 2024) chooses by stage as well, in a knapsack over finer parts.
std::string choose_recompute(BuiltScenario& built, Bytes memory);

}  // namespace stagecraft
