#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "planners/order/order_problem.h"
#include "sim/schedule/schedule.h"

namespace stagecraft {

/// How far a planner of orders has come.
struct OrderProgress {
  std::int64_t evaluations = 0;
  Duration best{0};
  Duration lower_bound{0};
};

/// How long to search.
struct OrderOptions {
  /// Orders that are timed at most, and nodes of the exact search; 0: the default effort, at most 2000 orders
  /// and for 50,000 ops a fraction of a second. The same number gives the same plan on every machine. The
  /// last step may pass it by one.
  std::int64_t evaluations = 0;
  /// Wall clock; 0: none. The one setting that makes a plan depend on the machine. However short, it ends the
  /// search after the first order only.
  Duration time_limit{0};
  /// Search on for a proof, as far as the limits allow. For small problems: above 4096 ops the search goes on
  /// as without it, and the plan tells the gap to the bound.
  bool exact = false;
  std::uint64_t seed = 1;
  /// Called when the best or the bound changes. Empty: nobody listens.
  std::function<void(const OrderProgress&)> progress;
};

/// An order and what is known about it.
struct OrderPlan {
  Schedule schedule;
  Duration span{0};  ///< longest rank span
  Duration makespan{0};
  Duration lower_bound{0};  ///< of the objective: no order within the caps is shorter
  bool proven = false;      ///< the objective equals the bound
  std::int64_t evaluations = 0;
  std::string origin;  ///< what found it, in words
};

/// Finds an order of F, I and W on every rank, free of deadlock and within the caps, with a short span or
/// makespan. Deterministic, but for time_limit. Throws std::invalid_argument where make_shop() does: above
/// all where a cap cannot hold one micro-batch.
OrderPlan plan_order(const OrderProblem& problem, const OrderOptions& options = {});

}  // namespace stagecraft
