#pragma once

#include "scenarios/reader/reader.h"

namespace stagecraft {

/// Refuses keys that this scenario would read but not use, or that say the same thing twice: whoever writes
/// one is mistaken about what it does.
/// `costs` is the cost model that the scenario has. Throws InputError at the key.
void refuse_unused_keys(const ReadScenario& read, CostModelKind costs);

}  // namespace stagecraft
