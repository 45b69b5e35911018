#pragma once

#include <vector>

#include "planners/order/step_log.h"

namespace stagecraft {

/// What an order is worth.
struct OrderScore {
  Ticks span = kNever;
  Ticks makespan = kNever;  ///< both kNever where the order deadlocks

  Ticks value(OrderObjective objective) const { return objective == OrderObjective::Span ? span : makespan; }
  /// The objective first, then the other one.
  bool better_than(const OrderScore& other, OrderObjective objective) const;
};

/// Times orders of one shop: what replay() gives, without tasks. Holds its buffers, so that timing an order
/// allocates nothing. Caps are not looked at.
class OrderTimer {
 public:
  explicit OrderTimer(const Shop& shop);

  /// Throws std::invalid_argument that names the rank where a list misses steps or has too many. O(inputs of
  /// all steps), and O(ranks) for every sweep over the ranks: a few, unless these wait for each other by
  /// turns.
  OrderScore score(const RankOrders& orders);

 private:
  void check_complete(const RankOrders& orders);
  bool advance(std::size_t rank, std::span<const Step> steps);

  const Shop& shop_;
  std::vector<std::uint32_t> count_;  // by step: how often it stands in the lists
  StepLog log_;
  std::vector<std::size_t> position_;  // by rank
  std::vector<Ticks> free_;            // by rank
  std::vector<Ticks> first_;           // by rank: start of its first step
};

}  // namespace stagecraft
