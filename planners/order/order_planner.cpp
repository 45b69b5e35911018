#include "planners/order/order_planner.h"

#include "planners/order/construct.h"
#include "planners/order/exact.h"
#include "planners/order/local_search.h"
#include "planners/order/search_state.h"

namespace stagecraft {

namespace {

/// About ten seconds.
constexpr std::int64_t kExactNodes = 10'000'000;

}  // namespace

OrderPlan plan_order(const OrderProblem& problem, const OrderOptions& options) {
  const Shop shop = make_shop(problem);
  SearchState search(shop, options);
  construct_orders(search);
  if (options.exact && shop.steps() <= kMostExactSteps) {
    search.extend(kExactNodes);
    prove_order(search);
  } else {
    improve_orders(search, options.seed);
  }
  return {.schedule = to_schedule(search.best(), shop.stages),
          .span = Duration(search.score().span),
          .makespan = Duration(search.score().makespan),
          .lower_bound = Duration(search.bound()),
          .proven = search.proven(),
          .evaluations = search.evaluations(),
          .origin = std::string(search.origin())};
}

}  // namespace stagecraft
