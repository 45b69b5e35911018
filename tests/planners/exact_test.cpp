// The exact search against trying everything.
#include <catch2/catch.hpp>

#include <algorithm>

#include "planners/order/bounds.h"
#include "planners/order/evaluate.h"
#include "planners/order/exact.h"
#include "tests/planners/order_helpers.h"
#include "tests/planners/random_problem.h"

using namespace stagecraft;

namespace {

/// Every order of a rank that its memory holds, micro-batches in order.
class AllOfRank {
 public:
  AllOfRank(const Shop& shop, std::size_t rank) : shop_(shop), rank_(rank), done_(3 * shop.stages) {
    extend();
  }

  std::vector<std::vector<Step>> orders;

 private:
  void extend() {
    if (order_.size() == 3 * shop_.stages_on(rank_).size() * shop_.microbatches) orders.push_back(order_);
    for (std::uint32_t s : shop_.stages_on(rank_))
      for (Step step = 3 * s; step < 3 * s + 3; ++step)
        if (done_[step] < (kind_of(step) == kForward ? shop_.microbatches : done_[step - 1])) attempt(step);
  }
  void attempt(Step step) {
    if (held_ - shop_.freed[step] > shop_.cap[rank_]) return;
    held_ -= shop_.freed[step];
    ++done_[step];
    order_.push_back(step);
    extend();
    order_.pop_back();
    --done_[step];
    held_ += shop_.freed[step];
  }

  const Shop& shop_;
  std::size_t rank_;
  std::vector<std::size_t> done_;
  std::vector<Step> order_;
  std::int64_t held_ = 0;
};

/// The best objective of all combinations of the ranks' orders.
class BruteForce {
 public:
  explicit BruteForce(const Shop& shop) : shop_(shop), timer_(shop) {
    for (std::size_t r = 0; r < shop.ranks; ++r) all_.push_back(AllOfRank(shop, r).orders);
  }
  double combinations() const {
    double product = 1;
    for (const auto& orders : all_) product *= static_cast<double>(orders.size());
    return product;
  }
  Ticks best() {
    best_ = kNever;
    choose(0);
    return best_;
  }

 private:
  void choose(std::size_t rank) {
    if (rank == shop_.ranks) {
      best_ = std::min(best_, timer_.score(orders_).value(shop_.objective));
      return;
    }
    for (const auto& order : all_[rank]) {
      const std::size_t size = orders_.steps.size();
      orders_.steps.insert(orders_.steps.end(), order.begin(), order.end());
      orders_.begin.push_back(orders_.steps.size());
      choose(rank + 1);
      orders_.begin.pop_back();
      orders_.steps.resize(size);
    }
  }

  const Shop& shop_;
  OrderTimer timer_;
  std::vector<std::vector<std::vector<Step>>> all_;
  RankOrders orders_;
  Ticks best_ = kNever;
};

/// Whether the orders of every rank can be listed.
bool is_tiny(const Shop& shop) {
  for (std::size_t r = 0; r < shop.ranks; ++r)
    if (shop.stages_on(r).size() * shop.microbatches > 4 ||
        (shop.stages_on(r).size() > 2 && shop.microbatches > 1))
      return false;
  return true;
}

/// All orders of two micro-batches on a stage, each op by its name, whatever memory they take.
std::vector<std::vector<Op>> labelled_orders(int stage) {
  std::vector<std::vector<Op>> orders;
  std::vector<int> ops{0, 1, 2, 3, 4, 5};  // kind * 2 + micro-batch
  constexpr OpKind kKinds[] = {OpKind::Forward, OpKind::InputGradient, OpKind::WeightGradient};
  do {
    const auto at = [&](int op) { return std::find(ops.begin(), ops.end(), op); };
    if (at(2) < at(0) || at(4) < at(2) || at(3) < at(1) || at(5) < at(3)) continue;
    std::vector<Op>& order = orders.emplace_back();
    for (int op : ops) order.push_back(make_op(kKinds[op / 2], stage, op % 2));
  } while (std::next_permutation(ops.begin(), ops.end()));
  return orders;
}

Duration value_of(const OrderProblem& problem, const Schedule& schedule) {
  const PipelineProblem pipeline = test::pipeline_of(problem, schedule);
  if (!test::fault_of(pipeline).empty()) return Duration::max();
  const auto memory = memory_of(pipeline);
  for (std::size_t r = 0; r < problem.activation_cap.size(); ++r)
    if (memory[r].peak_bytes > problem.activation_cap[r]) return Duration::max();
  const auto metrics = test::simulate(pipeline).metrics;
  return problem.objective == OrderObjective::Span ? metrics.span : metrics.makespan;
}

/// Small pipelines with many steps that take no time, and stages that hold nothing.
OrderProblem sparse_problem(std::uint64_t seed) {
  OrderProblem problem = test::random_problem(seed, {.most_ranks = 3, .most_microbatches = 3});
  RandomStream random(seed, "sparse order problem");
  for (StageCost& stage : problem.stages) {
    for (Duration* time : {&stage.forward, &stage.input_gradient, &stage.weight_gradient})
      if (random.chance(0.4)) *time = Duration(0);
    if (random.chance(0.3)) stage.weight_gradient_bytes = 0;
    if (random.chance(0.3)) stage.activation_bytes = stage.weight_gradient_bytes = 0;
  }
  return problem;
}

/// The problem with one more stage behind `stage`, on its rank, that takes neither time nor memory.
OrderProblem with_empty_stage(OrderProblem problem, int stage) {
  const int added = static_cast<int>(problem.stages.size());
  for (StageEdge& edge : problem.edges)
    if (edge.from == stage) edge.from = added;
  problem.edges.push_back({stage, added, Duration(0), Duration(0)});
  problem.stages.emplace_back();
  problem.rank_of.push_back(problem.rank_of[static_cast<std::size_t>(stage)]);
  return problem;
}

}  // namespace

TEST_CASE("a stage that takes neither time nor memory leaves the bound as it is", "[order][property]") {
  for (std::uint64_t seed = 0; seed < 500; ++seed)
    for (const OrderProblem& problem :
         {sparse_problem(seed), test::random_problem(seed, {.most_ranks = 5, .most_microbatches = 9})})
      for (int stage = 0; stage < static_cast<int>(problem.stages.size()); ++stage) {
        CAPTURE(seed, stage);
        CHECK(lower_bound(make_shop(with_empty_stage(problem, stage))) == lower_bound(make_shop(problem)));
      }
}

TEST_CASE("no order is shorter than the bound where many steps take no time", "[order][property]") {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const Shop shop = make_shop(sparse_problem(seed));
    if (!is_tiny(shop)) continue;
    BruteForce all(shop);
    if (all.combinations() > 30'000) continue;
    ++compared;
    CAPTURE(seed);
    CHECK(lower_bound(shop) <= all.best());
  }
  CHECK(compared > 1000);
}

TEST_CASE("micro-batches out of order gain nothing", "[order][property]") {
  int compared = 0;
  for (std::uint64_t seed = 0; compared < 6; ++seed) {
    const OrderProblem problem = test::random_problem(seed, {.most_ranks = 2, .most_microbatches = 2});
    if (problem.microbatches != 2 || problem.rank_of != std::vector<int>{0, 1}) continue;
    ++compared;
    Duration best = Duration::max();
    for (const auto& first : labelled_orders(0))
      for (const auto& second : labelled_orders(1)) {
        Schedule schedule;
        for (const auto* order : {&first, &second}) {
          schedule.ops.insert(schedule.ops.end(), order->begin(), order->end());
          schedule.close_rank();
        }
        best = std::min(best, value_of(problem, schedule));
      }
    CAPTURE(seed);
    CHECK(plan_order(problem, {.exact = true}).lower_bound == best);
  }
}

TEST_CASE("the exact search finds what trying everything finds", "[order][property]") {
  int compared = 0;
  int heuristic = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const OrderProblem problem = test::random_problem(seed, {.most_ranks = 3, .most_microbatches = 4});
    const Shop shop = make_shop(problem);
    if (!is_tiny(shop)) continue;
    BruteForce all(shop);
    if (all.combinations() > 30'000) continue;
    ++compared;
    const Ticks best = all.best();
    CAPTURE(seed, best);
    CHECK(lower_bound(shop) <= best);
    const OrderPlan plan = plan_order(problem, {.exact = true});
    CHECK(test::fault_of(problem, plan) == "");
    CHECK(plan.proven);
    CHECK(plan.lower_bound == Duration(best));
    const OrderPlan quick = plan_order(problem, {.evaluations = 4});
    CHECK(quick.lower_bound <= Duration(best));
    heuristic += (problem.objective == OrderObjective::Span ? quick.span : quick.makespan) == Duration(best);
  }
  CHECK(compared > 1000);
  CHECK(heuristic > compared * 9 / 10);  // four evaluations mostly do
}

namespace {

/// Two uneven ranks with little memory. The search for a shorter order walks down to the last steps.
OrderProblem long_problem(std::size_t steps) {
  OrderProblem problem = test::equal_problem({.ranks = 2,
                                              .microbatches = static_cast<int>(steps / 6),
                                              .forward = Duration(50),
                                              .input = Duration(60),
                                              .weight = Duration(40),
                                              .hop = Duration(5)},
                                             4);
  problem.stages[1].forward += Duration(10);
  return problem;
}

}  // namespace

TEST_CASE("the exact search goes as deep as the longest order that it takes", "[order]") {
  const OrderProblem problem = long_problem(kMostExactSteps);
  const OrderPlan plan = plan_order(problem, {.evaluations = 16'000, .exact = true});
  CHECK(test::fault_of(problem, plan) == "");
}

TEST_CASE("an order too long for the exact search is planned without a proof", "[order]") {
  const OrderProblem problem = long_problem(kMostExactSteps + 6);
  const OrderPlan plan = plan_order(problem, {.evaluations = 300, .exact = true});
  CHECK(test::fault_of(problem, plan) == "");
  CHECK(!plan.proven);
  CHECK(plan.lower_bound < plan.span);
  CHECK(plan.schedule == plan_order(problem, {.evaluations = 300}).schedule);
}
