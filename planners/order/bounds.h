#pragma once

#include <vector>

#include "planners/order/shop.h"

namespace stagecraft {

/// Longest chains of steps of one micro-batch, by stage. O(stages + edges).
struct ShopPaths {
  std::vector<Ticks> head;        ///< start of the step to the start of F, at least
  std::vector<Ticks> round_trip;  ///< end of F to the start of I, at least
  std::vector<Ticks> exit;        ///< end of I to the end of all that follows from it, W included
};
ShopPaths paths_of(const Shop& shop);

/// A lower bound of the objective, O(stages log stages). The largest of, over the ranks:
///
/// work + idle before the first I + idle after the last F. Before the first I, a round trip after its F, only
/// F can run, as many as the cap holds (Qi et al., ICLR 2024, appendix B, is this for equal stages). After
/// the last F, its own I is a round trip away, and until then only I and W of what memory holds can run.
///
/// Memory times time: every micro-batch holds M_B from F to I, a round trip at least, and M_W until W ends.
///
/// For the makespan also the way to the rank's first step, and from its last I to the end of the pipeline.
Ticks lower_bound(const Shop& shop);

}  // namespace stagecraft
