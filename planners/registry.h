#pragma once

#include <span>
#include <string_view>

#include "planners/order/order_planner.h"

namespace stagecraft {

/// A planner that can be named. It decides one thing; the function of that kind is set, the others are null.
struct PlannerEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  OrderPlan (*order)(const OrderProblem&, const OrderOptions&) = nullptr;
};

/// Every planner, in the order in which lists show them.
std::span<const PlannerEntry> planners();

/// The entry of that name; nullptr when there is none.
const PlannerEntry* find_planner(std::string_view name);

}  // namespace stagecraft
