#pragma once

#include "models/collective_table.h"
#include "models/kernel_model.h"

namespace stagecraft {

/// The section without the loads that the others say as well: as long as there is one, the load is left out
/// whose times follow best from the loads beside it (roofline times the residual between theirs), if they do
/// so within `tolerance` on average, relative. Ends of an axis stay. A table that ships should be no larger
/// than needed. O(rows x loads^2).
KernelSection thinned(const KernelSection& section, const Device& device, double tolerance);

/// The section with intervals wide enough for `rows`, which it does not have: 80 % of them lie inside the
/// stated 80 %.
KernelSection widened(KernelSection section, const std::vector<KernelRow>& rows, const Device& device);

/// Leaves out rows of collectives that the others say to within `most` (a ratio), the best said first.
/// O(rows^3), rows being some hundred.
CollectiveSection thinned(CollectiveSection section, double most);

}  // namespace stagecraft
