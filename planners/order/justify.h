#pragma once

#include <vector>

#include "planners/order/evaluate.h"
#include "planners/order/shop.h"

namespace stagecraft {

/// Shortens a feasible order by justification: all steps move as late as the deadlines allow, latest first,
/// then as early as possible, earliest first, each into the first gap of its rank that it fits, so that gaps at
/// both ends close and memory stays under the caps. Neither direction makes any rank end later.
///
/// The backward direction is the forward one on the pipeline in reversed time, where W comes first and takes
/// M_W, then I takes M_B - M_W, and F gives M_B back.
///
/// Source: Valls, Ballestin and Quintanilla, "Justification and RCPSP: A technique that pays", EJOR 165(2),
/// 2005; memory and insertion are ours.
class Justifier {
 public:
  explicit Justifier(const Shop& shop);

  /// One round, backward and forward. Time O(steps * (inputs + steps that a gap search passes)).
  RankOrders round(const RankOrders& orders);

 private:
  struct Input {
    std::uint32_t step = 0;
    Ticks hop = 0;
  };
  /// The pipeline in one direction of time. By step.
  struct Direction {
    std::vector<Input> inputs;
    std::vector<std::size_t> begin{0};
    std::vector<std::int64_t> taken;
    std::vector<std::int64_t> given;
  };
  struct Placed {
    Ticks start = 0;
    Ticks end = 0;
    std::int64_t peak = 0;   // held while it runs
    std::int64_t after = 0;  // held when it has run
    Step step = 0;
  };

  void time(const RankOrders& orders);
  void place_all(const Direction& direction);
  Ticks place(const Direction& direction, Step step, Ticks ready);
  RankOrders orders_of() const;

  const Shop& shop_;
  Direction forward_;
  Direction backward_;
  std::vector<Ticks> release_;   // by rank, in the direction at hand
  std::vector<Ticks> start_;     // by step, then micro-batch
  std::vector<Ticks> end_;
  std::vector<std::pair<Ticks, std::uint32_t>> list_;
  std::vector<std::vector<Placed>> ranks_;
};

}  // namespace stagecraft
