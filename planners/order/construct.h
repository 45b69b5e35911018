#pragma once

#include "planners/order/search_state.h"

namespace stagecraft {

/// Tries a fixed family of candidates, the most promising first, until the search is finished or the family
/// at its end, but the first in any case, so that there is a plan: building blocks where ranks hold several
/// stages, then list scheduling under several policies; each candidate is justified once.
void construct_orders(SearchState& search);

}  // namespace stagecraft
