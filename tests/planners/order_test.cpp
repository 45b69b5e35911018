#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <limits>

#include "base/random.h"
#include "planners/order/bounds.h"
#include "planners/order/dispatch.h"
#include "planners/order/evaluate.h"
#include "planners/order/justify.h"
#include "planners/registry.h"
#include "tests/planners/order_helpers.h"
#include "tests/planners/random_problem.h"

using namespace stagecraft;

TEST_CASE("one rank runs its micro-batches without a gap", "[order]") {
  const OrderProblem problem = test::equal_problem(
      {.ranks = 1, .microbatches = 2, .forward = Duration(3), .input = Duration(2), .weight = Duration(1)},
      2);
  const OrderPlan plan = plan_order(problem);
  CHECK(test::order(plan.schedule, 0) == "0F0 0I0 0W0 0F1 0I1 0W1");
  CHECK(plan.span == Duration(12));
  CHECK(plan.proven);
}

// ZB-H1's span, m (F + I + W) + (p - 1) (F + I - W + 4c), is the shortest in the memory of p micro-batches
// (Qi et al., ICLR 2024, table 2, with hops).
TEST_CASE("under a cap of p activations the span is ZB-H1's and proven", "[order][formula]") {
  for (int p : {2, 4, 8, 16})
    for (int m : {2 * p, 3 * p}) {
      const OrderProblem problem = test::equal_problem({.ranks = p,
                                                        .microbatches = m,
                                                        .forward = Duration(100),
                                                        .input = Duration(110),
                                                        .weight = Duration(70),
                                                        .hop = Duration(5)},
                                                       2 * p);
      const OrderPlan plan = plan_order(problem);
      CAPTURE(p, m);
      CHECK(plan.span == Duration(m * 280 + (p - 1) * (100 + 110 - 70 + 4 * 5)));
      CHECK(plan.proven);
    }
}

TEST_CASE("plans of random uneven pipelines are complete, within the caps and timed as simulated",
          "[order][property]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const OrderProblem problem = test::random_problem(seed, {.most_ranks = 5, .most_microbatches = 12});
    const OrderPlan plan = plan_order(problem, {.evaluations = 60});
    CAPTURE(seed, problem.rank_of.size(), problem.microbatches);
    CHECK(test::fault_of(problem, plan) == "");
  }
}

TEST_CASE("every planner of orders keeps what it promises, the same each time", "[order][property]") {
  for (const PlannerEntry& planner : planners())
    for (std::uint64_t seed = 0; planner.order && seed < 20; ++seed) {
      const OrderProblem problem = test::random_problem(seed, {.most_ranks = 4, .most_microbatches = 8});
      const OrderPlan one = planner.order(problem, {.evaluations = 300});
      const OrderPlan two = planner.order(problem, {.evaluations = 300});
      CAPTURE(planner.name, seed);
      CHECK(find_planner(planner.name) == &planner);
      CHECK(test::fault_of(problem, one) == "");
      CHECK(one.schedule == two.schedule);
      CHECK(one.evaluations == two.evaluations);
    }
  CHECK(find_planner("none") == nullptr);
}

TEST_CASE("more evaluations never give a longer plan", "[order][property]") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const OrderProblem problem = test::random_problem(seed, {.most_ranks = 4, .most_microbatches = 6});
    Duration last = Duration::max();
    for (std::int64_t evaluations : {1, 10, 100, 3000}) {
      const OrderPlan plan = plan_order(problem, {.evaluations = evaluations});
      const Duration value = problem.objective == OrderObjective::Span ? plan.span : plan.makespan;
      CAPTURE(seed, evaluations);
      CHECK(test::fault_of(problem, plan) == "");
      CHECK(value <= last);
      CHECK(plan.evaluations <= evaluations + 1);
      last = value;
    }
  }
}

namespace {

/// One whose bound the search does not meet soon.
OrderProblem hard_problem() {
  return test::equal_problem({.ranks = 4,
                              .microbatches = 8,
                              .chunks = 2,
                              .forward = Duration(50),
                              .input = Duration(60),
                              .weight = Duration(40),
                              .hop = Duration(5),
                              .kept = 2},
                             12);
}

}  // namespace

TEST_CASE("a time limit that has passed at once still gives a whole plan", "[order]") {
  for (const bool exact : {false, true}) {
    const OrderPlan plan = plan_order(hard_problem(), {.time_limit = Duration(1), .exact = exact});
    CHECK(test::fault_of(hard_problem(), plan) == "");
    CHECK(plan.evaluations == 1);
  }
}

TEST_CASE("a time limit past the end of all clocks is none", "[order]") {
  const OrderPlan plan = plan_order(hard_problem(), {.evaluations = 20, .time_limit = Duration::max()});
  CHECK(plan.evaluations >= 20);
  CHECK(plan.schedule == plan_order(hard_problem(), {.evaluations = 20}).schedule);
}

TEST_CASE("progress only ever gets better", "[order]") {
  std::vector<OrderProgress> heard;
  const OrderPlan plan = plan_order(
      hard_problem(),
      {.evaluations = 400, .progress = [&](const OrderProgress& progress) { heard.push_back(progress); }});
  REQUIRE(!heard.empty());
  CHECK(heard.back().best == plan.span);
  CHECK(heard.back().lower_bound <= plan.lower_bound);
  for (std::size_t i = 1; i < heard.size(); ++i) {
    CHECK(heard[i].best <= heard[i - 1].best);
    CHECK(heard[i].lower_bound >= heard[i - 1].lower_bound);
  }
}

TEST_CASE("an order that is not complete is not timed", "[order][error]") {
  const Shop shop = make_shop(test::equal_problem({.ranks = 2, .microbatches = 2}, 0));
  OrderTimer timer(shop);
  const auto error_of = [&](std::vector<Step> steps, std::vector<std::size_t> begin = {0, 6, 12}) {
    try {
      timer.score({std::move(steps), std::move(begin)});
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(error_of({0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}) == "");
  CHECK(error_of({0, 1, 2, 0, 1, 3, 4, 5, 3, 4, 5}, {0, 5, 11}) ==
        "order: rank 0 runs W of stage 0 1 times for 2 micro-batches");
  CHECK(error_of({0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 5}, {0, 6, 13}) ==
        "order: rank 1 runs W of stage 1 3 times for 2 micro-batches");
  CHECK(error_of({0, 1, 2, 0, 1, 5, 3, 4, 5, 3, 4, 2}) == "order: rank 0 runs stage 1, which is not there");
  CHECK(error_of({0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 6}) == "order: rank 1 runs stage 2, which is not there");
  CHECK(error_of({0, 1, 2, 0, 1, 2}, {0, 6}) == "order: lists of 1 ranks, not 2");
}

TEST_CASE("justification keeps caps and never makes the objective longer", "[order][property]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Shop shop = make_shop(test::random_problem(seed, {.most_ranks = 5, .most_microbatches = 10}));
    RankOrders orders = Dispatcher(shop).run({.weight_overlap = 0});
    Justifier justifier(shop);
    OrderTimer timer(shop);
    OrderScore score = timer.score(orders);
    CAPTURE(seed);
    REQUIRE(score.span < kNever);
    for (int round = 0; round < 3; ++round) {
      orders = justifier.round(orders);
      const OrderScore next = timer.score(orders);
      CHECK(next.value(shop.objective) <= score.value(shop.objective));
      const auto peaks = test::peak_memory(shop, orders);
      for (std::size_t r = 0; r < shop.ranks; ++r) CHECK(peaks[r] <= shop.cap[r]);
      score = next;
    }
  }
}

TEST_CASE("of parallel edges the longer hop counts, whichever comes first", "[order][property]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    OrderProblem problem = test::random_problem(seed, {.most_ranks = 4, .most_microbatches = 8});
    const std::vector<StageEdge> edges = problem.edges;
    const OrderPlan single = plan_order(problem, {.evaluations = 60});
    problem.edges.clear();
    for (const StageEdge& edge : edges) {
      problem.edges.push_back({edge.from, edge.to, Duration(0), Duration(0)});
      problem.edges.push_back(edge);
    }
    const OrderPlan plan = plan_order(problem, {.evaluations = 60});
    CAPTURE(seed);
    CHECK(test::fault_of(problem, plan) == "");
    CHECK(plan.schedule == single.schedule);
    CHECK(plan.lower_bound == single.lower_bound);
  }
}

TEST_CASE("a cap that holds no micro-batch is refused by name", "[order][error]") {
  OrderProblem problem = test::equal_problem(
      {.ranks = 2, .microbatches = 4, .chunks = 2, .forward = Duration(1), .held = 10, .kept = 5}, 20);
  CHECK_NOTHROW(plan_order(problem));
  problem.activation_cap[1] = 19;
  CHECK_THROWS_WITH(plan_order(problem),
                    "order: rank 1 may hold 19 bytes of activations, but one micro-batch needs 20");
}

TEST_CASE("a pipeline whose ops all take no time is planned, with a span of nothing", "[order]") {
  for (int chunks : {1, 2, 3})
    for (std::int64_t cap : {0, 30}) {
      OrderProblem problem = test::equal_problem({.ranks = 4, .microbatches = 6, .chunks = chunks}, cap);
      CAPTURE(chunks, cap);
      const OrderPlan instant = plan_order(problem, {.exact = true});
      CHECK(test::fault_of(problem, instant) == "");
      CHECK(instant.span == Duration(0));
      CHECK(instant.proven);
      // With hops the ranks wait, and no bound is met before blocks are tried.
      for (StageEdge& edge : problem.edges) edge.forward_hop = edge.backward_hop = Duration(3);
      CHECK(test::fault_of(problem, plan_order(problem, {.evaluations = 200})) == "");
    }
}

TEST_CASE("what makes no pipeline is refused", "[order][error]") {
  OrderProblem problem = test::equal_problem({.ranks = 2, .microbatches = 4, .forward = Duration(1)}, 0);
  problem.edges.push_back({1, 0, Duration(0), Duration(0)});
  CHECK_THROWS_WITH(plan_order(problem), "order: the stages form a circle");
  problem.edges = {{0, 2, Duration(0), Duration(0)}};
  CHECK_THROWS_WITH(plan_order(problem), "order: edge 0 -> 2 leaves the 2 stages");
  problem.edges.clear();
  problem.rank_of = {0, 0};
  CHECK_NOTHROW(plan_order(problem));
  problem.rank_of = {1, 1};
  CHECK_THROWS_WITH(plan_order(problem), "order: rank 0 holds no stage");
  for (const int rank : {-1, 2, std::numeric_limits<int>::max()}) {
    problem.rank_of = {0, rank};
    CHECK_THROWS_WITH(plan_order(problem),
                      fmt::format("order: rank {}, but 2 stages make ranks 0 to 1 at most", rank));
  }
  problem.rank_of = {0};
  CHECK_THROWS_WITH(plan_order(problem), "order: 2 stages, but ranks are given for 1");
  problem.rank_of = {0, 1};
  problem.stages[1].weight_gradient_bytes = 3;
  CHECK_THROWS_WITH(plan_order(problem), "order: stage 1 keeps 3 bytes for W, but F took 2");
  problem.stages[1] = {.weight_gradient = std::chrono::hours{251}};
  CHECK_THROWS_WITH(plan_order(problem), "order: all ops and hops together take more than 1000 h");
  problem.stages[1].weight_gradient = std::chrono::hours{249};
  CHECK_NOTHROW(plan_order(problem));
  problem.stages[1] = {.forward = Duration(-1)};
  CHECK_THROWS_WITH(plan_order(problem), "order: stage 1 has a negative time");
}
