#pragma once

#include "planners/order/search_state.h"

namespace stagecraft {

/// Times building blocks that are within the caps, for two thirds of the evaluations that are left and 600 at
/// most, then justifies them, until the search is finished. Nothing where ranks hold more than 8 stages each.
void construct_blocks(SearchState& search);

}  // namespace stagecraft
