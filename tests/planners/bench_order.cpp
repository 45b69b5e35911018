// The order planner at p = 32, m = 256: 24,576 ops with one stage per rank, 49,152 with two. Default effort.
// The exact search: a proof of 94,000 nodes at p = 4, m = 8, two stages per rank.
#include <benchmark/benchmark.h>

#include "tests/planners/order_helpers.h"

using namespace stagecraft;

namespace {

/// Times of the 28.3B model of Qi et al., ICLR 2024, table 9.
test::EqualStages paper_stages(int chunks) {
  return {.ranks = 32,
          .microbatches = 256,
          .chunks = chunks,
          .forward = Duration(10402000 / chunks),
          .input = Duration(10248000 / chunks),
          .weight = Duration(7698000 / chunks),
          .hop = Duration(460000),
          .held = 2,
          .kept = chunks == 1 ? 1 : 2};
}

/// Stages that differ by up to 10 %, so that no bound is met at once.
void make_uneven(OrderProblem& problem) {
  for (std::size_t s = 0; s < problem.stages.size(); ++s) {
    StageCost& stage = problem.stages[s];
    stage.forward += stage.forward * static_cast<int>(s * 7919 % 11) / 100;
    stage.input_gradient += stage.input_gradient * static_cast<int>(s * 104729 % 11) / 100;
    stage.weight_gradient += stage.weight_gradient * static_cast<int>(s * 1299709 % 11) / 100;
  }
}

/// `cap` in M_B of a stage; 0: none.
void BM_Order(benchmark::State& state, int chunks, int cap, bool uneven) {
  OrderProblem problem = test::equal_problem(paper_stages(chunks), 2 * cap);
  if (uneven) make_uneven(problem);
  OrderPlan plan;
  for (auto _ : state) {
    plan = plan_order(problem);
    benchmark::DoNotOptimize(plan.schedule.ops.data());
  }
  state.counters["ops"] = static_cast<double>(plan.schedule.ops.size());
  state.counters["over_bound_percent"] = 100 * (to_seconds(plan.span) / to_seconds(plan.lower_bound) - 1);
}

void BM_Exact(benchmark::State& state) {
  test::EqualStages stages = paper_stages(2);
  stages.ranks = 4;
  stages.microbatches = 8;
  OrderProblem problem = test::equal_problem(stages, 12);
  make_uneven(problem);
  OrderPlan plan;
  for (auto _ : state) {
    plan = plan_order(problem, {.evaluations = 200'000, .exact = true});
    benchmark::DoNotOptimize(plan.schedule.ops.data());
  }
  state.counters["nodes"] = static_cast<double>(plan.evaluations);
  state.counters["over_bound_percent"] = 100 * (to_seconds(plan.span) / to_seconds(plan.lower_bound) - 1);
}

}  // namespace

BENCHMARK(BM_Exact)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_1p, 1, 32, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_1 .5p, 1, 48, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_2p, 1, 64, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_inf, 1, 0, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_1p_uneven, 1, 32, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_1 .5p_uneven, 1, 48, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_2p_uneven, 1, 64, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_inf_uneven, 1, 0, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_v, 2, 64, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, v_half, 2, 34, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, v_min, 2, 24, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, zb_v_uneven, 2, 64, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, v_half_uneven, 2, 34, true)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Order, v_min_uneven, 2, 24, true)->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
