#pragma once

#include <optional>
#include <vector>

#include "planners/order/shop.h"

namespace stagecraft {

/// What to build a block for.
struct BlockShape {
  Ticks period = 0;  ///< at least the work of one micro-batch on every rank
  /// From the start of F (or I) to its start on the next stage, at least: towards higher ranks, and lower
  /// ones.
  Ticks down_stride = 0;
  Ticks up_stride = 0;
};

/// When micro-batch 0 runs each step. Micro-batch j runs it j periods later; no two steps of a rank ever
/// meet.
struct BuildingBlock {
  Ticks period = 0;
  std::vector<Ticks> target;       ///< by step
  std::vector<std::int64_t> peak;  ///< by rank: the most bytes that the endless repetition holds
};

/// Follows one micro-batch through the pipeline and gives each step the first time that the rank's steps of
/// all other micro-batches leave free and that leaves room for the rank's remaining steps. Nothing where a
/// rank's steps do not fit the period. O(stages) for a few stages per rank. REQUIRES: shape.period > 0.
std::optional<BuildingBlock> make_block(const Shop& shop, const BlockShape& shape);

/// Writes the block repeated for all micro-batches into `orders`: the order alone, so that it runs as early
/// as it can. O(steps * stages per rank).
void repeat_block(const Shop& shop, const BuildingBlock& block, RankOrders& orders);

}  // namespace stagecraft
