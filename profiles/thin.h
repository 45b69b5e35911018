#pragma once

#include "models/kernel_model.h"

namespace stagecraft {

/// The section without the loads that the others say as well: as long as there is one, the load is left out
/// whose times follow best from the loads beside it (roofline times the residual between theirs), if they do
/// so within `tolerance` on average, relative. Ends of an axis stay. A table that ships should be no larger
/// than needed. O(rows x loads^2).
KernelSection thinned(const KernelSection& section, const Device& device, double tolerance);

}  // namespace stagecraft
