// Whole pipeline simulations: generate, prove, order, replay, memory, bubbles, metrics. Per op.
#include <benchmark/benchmark.h>

#include "tests/sim/sim_helpers.h"

using namespace stagecraft;

namespace {

PipelineProblem problem(std::string_view name, int p, int m, int v) {
  PipelineProblem result =
      test::uniform_problem(name, {p, m, v}, {Duration(1000000), Duration(2000000), Duration(50000)});
  for (std::size_t i = 0; i < result.stages.size(); ++i)
    result.stages[i].forward += Duration(static_cast<std::int64_t>(i * 7919 % 20011));
  return result;
}

void per_op(benchmark::State& state, std::size_t ops) {
  state.SetItemsProcessed(static_cast<std::int64_t>(ops) * state.iterations());
  state.counters["time_per_op"] = benchmark::Counter(
      static_cast<double>(ops), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void BM_Generate(benchmark::State& state, const char* name, int v) {
  const ScheduleShape shape =
      completed(*find_schedule(name), {static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), v});
  std::size_t ops = 0;
  for (auto _ : state) {
    const Schedule schedule = find_schedule(name)->generate(shape);
    benchmark::DoNotOptimize(schedule.ops.data());
    ops = schedule.ops.size();
  }
  per_op(state, ops);
}

void BM_Lower(benchmark::State& state, const char* name, int v) {
  const PipelineProblem p =
      problem(name, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), v);
  for (auto _ : state) benchmark::DoNotOptimize(std::get<TaskGraph>(lower(p)).tasks.data());
  per_op(state, p.schedule.ops.size());
}

/// Everything that `stagecraft run` does between reading the file and writing the report.
void BM_Whole(benchmark::State& state, const char* name, int v) {
  std::size_t ops = 0;
  for (auto _ : state) {
    PipelineProblem p = problem(name, static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), v);
    ops = p.schedule.ops.size();
    const auto graph = std::get<TaskGraph>(lower(p));
    const auto memory = memory_of(p);
    const auto timeline = std::get<Timeline>(simulate(p, graph));
    const auto work = work_of(timeline);
    const auto idle = idle_by_cause(graph, timeline, work);
    benchmark::DoNotOptimize(metrics_of(timeline, work, memory, idle).makespan);
  }
  per_op(state, ops);
}

}  // namespace

BENCHMARK_CAPTURE(BM_Generate, 1f1b, "1f1b", 1)->Args({256, 2048})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Lower, 1f1b, "1f1b", 1)->Args({256, 2048})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Whole, 1f1b, "1f1b", 1)
    ->Args({64, 512})
    ->Args({256, 2048})
    ->Args({1024, 4096})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Whole, gpipe, "gpipe", 1)->Args({256, 2048})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Whole, interleaved, "interleaved-1f1b", 2)
    ->Args({256, 2048})
    ->Unit(benchmark::kMillisecond);

BENCHMARK_CAPTURE(BM_Whole, dualpipe, "dualpipe", 1)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Whole, dualpipe_v, "dualpipe-v", 2)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Whole, zb_h1, "zb-h1", 1)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Whole, zb_v, "zb-v", 2)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Generate, v_half, "v-half", 2)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Generate, chimera, "chimera", 1)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Generate, hanayo, "hanayo", 2)->Args({64, 512})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Generate, bpipe, "bpipe", 1)->Args({64, 512})->Unit(benchmark::kMillisecond);

BENCHMARK_MAIN();
