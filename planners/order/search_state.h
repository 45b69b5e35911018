#pragma once

#include <chrono>
#include <string_view>

#include "planners/order/bounds.h"
#include "planners/order/evaluate.h"
#include "planners/order/justify.h"
#include "planners/order/order_planner.h"
#include "planners/order/shop.h"

namespace stagecraft {

/// The best order so far, what the search has spent, and when it has to end. Shared by the layers of the
/// planner.
class SearchState {
 public:
  SearchState(const Shop& shop, const OrderOptions& options);

  /// Times the order, keeps it if it is the best. One evaluation.
  OrderScore consider(const RankOrders& orders, std::string_view origin);
  /// The same, and then one round of justification.
  OrderScore consider_justified(RankOrders orders, std::string_view origin);
  RankOrders justify(const RankOrders& orders) { return justifier_.round(orders); }
  /// Counts a node of the exact search as an evaluation. False where the limits are spent.
  bool charge();
  /// Allows as many more evaluations as the options say, or `usual` where they leave it open.
  void extend(std::int64_t usual);

  /// A bound that somebody has proven.
  void raise_bound(Ticks bound);

  bool proven() const { return value() <= bound_; }
  /// Proven, or out of evaluations or time.
  bool finished() const { return proven() || spent(); }
  bool spent() const;

  const Shop& shop() const { return shop_; }
  const RankOrders& best() const { return best_; }
  OrderScore score() const { return score_; }
  Ticks value() const { return score_.value(shop_.objective); }
  Ticks bound() const { return bound_; }
  std::int64_t left() const { return limit_ - evaluations_; }  ///< evaluations
  std::int64_t evaluations() const { return evaluations_; }
  std::string_view origin() const { return origin_; }

 private:
  void report() const;

  const Shop& shop_;
  const OrderOptions& options_;
  std::chrono::steady_clock::time_point deadline_;
  OrderTimer timer_;
  Justifier justifier_;
  RankOrders best_;
  OrderScore score_;
  std::string origin_;
  Ticks bound_ = 0;
  std::int64_t limit_ = 0;
  std::int64_t evaluations_ = 0;
};

}  // namespace stagecraft
