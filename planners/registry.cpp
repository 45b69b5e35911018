#include "planners/registry.h"

namespace stagecraft {

namespace {

OrderPlan plan_exact_order(const OrderProblem& problem, const OrderOptions& options) {
  OrderOptions exact = options;
  exact.exact = true;
  return plan_order(problem, exact);
}

constexpr PlannerEntry kPlanners[] = {
    {.name = "order",
     .summary = "order of F, I and W on every rank under memory caps: building blocks, list scheduling, "
                "justification, local search",
     .source = "Qi et al., ICLR 2024 and NeurIPS 2024",
     .order = plan_order},
    {.name = "order-exact",
     .summary =
         "the same, then a proof by branch and bound: for small pipelines, no schedule asks for it yet",
     .source = "Giffler and Thompson, Operations Research 1960",
     .order = plan_exact_order},
};

}  // namespace

std::span<const PlannerEntry> planners() {
  return kPlanners;
}

const PlannerEntry* find_planner(std::string_view name) {
  for (const PlannerEntry& entry : kPlanners)
    if (entry.name == name) return &entry;
  return nullptr;
}

}  // namespace stagecraft
