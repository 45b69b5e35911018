#pragma once

#include <vector>

#include "planners/order/shop.h"

namespace stagecraft {

/// When micro-batch 0 runs each step; micro-batch j runs it j periods later, without two steps of a rank ever
/// meeting. Memory: of the endless repetition.
struct BuildingBlock {
  std::vector<Ticks> target;  ///< by step
  Ticks period = 0;
  std::vector<std::int64_t> peak;  ///< by rank
};

BuildingBlock make_block(const Shop& shop, Ticks period);

/// The orders of the block repeated for all micro-batches.
RankOrders repeat_block(const Shop& shop, const BuildingBlock& block);

}  // namespace stagecraft
