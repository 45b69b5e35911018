#pragma once

#include "planners/order/search_state.h"

namespace stagecraft {

/// A node costs time in proportion to the order, and proofs end far below this.
inline constexpr std::size_t kMostExactSteps = 4096;

/// Closes the gap between the best order and the bound: asks whether an order with a shorter objective
/// exists, and either finds it or proves that there is none; in between it raises the bound. Every node of
/// the search is an evaluation. Ends when the best is proven or the limits are spent. For small problems:
/// with p = 4 and m = 8 about 10^4 nodes, growing exponentially. REQUIRES: at most kMostExactSteps steps.
void prove_order(SearchState& search);

}  // namespace stagecraft
