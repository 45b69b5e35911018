#pragma once

#include "planners/order/search_state.h"

namespace stagecraft {

/// Changes the best order a little at random, justifies it, and goes on from there unless it is worse than
/// what was held some steps ago (late acceptance). Until the search is finished. Each attempt costs O(steps).
void improve_orders(SearchState& search, std::uint64_t seed);

}  // namespace stagecraft
