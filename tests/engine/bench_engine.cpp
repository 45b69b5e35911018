// Speed of the engine on 1F1B: ns per op or event, bytes moved, and the memory bandwidth of the machine
// beside it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "sim/engine/batch.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/events.h"
#include "sim/engine/replay.h"
#include "sim/engine/replay_plan.h"
#include "tests/engine/graphs.h"

namespace stagecraft {
namespace {

const TaskGraph& graph_of(const benchmark::State& state) {
  static std::uint32_t p = 0;
  static std::uint32_t m = 0;
  static TaskGraph graph;
  if (p != state.range(0) || m != state.range(1)) {
    p = static_cast<std::uint32_t>(state.range(0));
    m = static_cast<std::uint32_t>(state.range(1));
    graph = test::one_f_one_b_graph(p, m);
  }
  return graph;
}

benchmark::Counter time_per(const benchmark::State& state, double things) {
  const double all = things * static_cast<double>(state.iterations());
  return {all, benchmark::Counter::kIsRate | benchmark::Counter::kInvert};
}

void report_ops(benchmark::State& state, double ops, double bytes_per_op) {
  state.counters["time_per_op"] = time_per(state, ops);
  state.counters["bytes_per_op"] = bytes_per_op;
  state.counters["GB_per_s"] = {ops * bytes_per_op * static_cast<double>(state.iterations()) * 1e-9,
                                benchmark::Counter::kIsRate};
}

// a[i] = b[i] + 3 c[i] over 3 x 64 MB: 24 bytes an element, and 8 more to fetch the line that is written.
void triad(benchmark::State& state) {
  const std::size_t count = std::size_t{8} << 20;
  std::vector<double> a(count, 0.0);
  std::vector<double> b(count, 1.0);
  std::vector<double> c(count, 2.0);
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i) a[i] = b[i] + 3 * c[i];
    benchmark::DoNotOptimize(a.data());
    benchmark::ClobberMemory();
  }
  state.counters["GB_per_s"] = {32e-9 * static_cast<double>(count) * static_cast<double>(state.iterations()),
                                benchmark::Counter::kIsRate};
}
BENCHMARK(triad)->Unit(benchmark::kMillisecond);

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"p", "m"})->Args({64, 512})->Args({256, 2'048})->Args({1'024, 4'096});
  b->Unit(benchmark::kMillisecond);
}

void generate(benchmark::State& state) {
  std::size_t ops = 0;
  for (auto _ : state) {
    const TaskGraph graph = test::one_f_one_b_graph(static_cast<std::uint32_t>(state.range(0)),
                                                    static_cast<std::uint32_t>(state.range(1)));
    ops = graph.tasks.size();
    benchmark::DoNotOptimize(graph.tasks.data());
  }
  report_ops(state, static_cast<double>(ops), 2 * sizeof(Task));
}
BENCHMARK(generate)->Apply(shapes);

void order(benchmark::State& state, std::uint32_t max_run) {
  const TaskGraph& graph = graph_of(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(topological_order(graph, {.max_run = max_run}));
  }
  // A task and its state are read, the state and the order written (and fetched before).
  report_ops(state, static_cast<double>(graph.tasks.size()), sizeof(Task) + 2 + 2 * sizeof(TaskId));
}
BENCHMARK_CAPTURE(order, until_it_waits, 0)->Apply(shapes);
BENCHMARK_CAPTURE(order, in_turns, 1)->Apply(shapes);

void replay(benchmark::State& state, std::uint32_t max_run) {
  const TaskGraph& graph = graph_of(state);
  const auto order = std::get<TopologicalOrder>(topological_order(graph, {.max_run = max_run}));
  TaskTimes times = replay(graph, order);
  for (auto _ : state) {
    times = replay(graph, order, std::move(times));
    benchmark::DoNotOptimize(times.end.data());
  }
  // Task and order are read, start and end fetched and written. Ends of inputs are in cache.
  report_ops(state, static_cast<double>(graph.tasks.size()),
             sizeof(Task) + sizeof(TaskId) + 4 * sizeof(TimePoint));
}
BENCHMARK_CAPTURE(replay, until_it_waits, 0)->Apply(shapes);
BENCHMARK_CAPTURE(replay, in_turns, 1)->Apply(shapes);

void order_and_replay_once(benchmark::State& state) {
  const TaskGraph& graph = graph_of(state);
  TaskTimes times;
  for (auto _ : state) {
    times = std::get<TaskTimes>(order_and_replay(graph, std::move(times)));
    benchmark::DoNotOptimize(times.end.data());
  }
  report_ops(state, static_cast<double>(graph.tasks.size()), sizeof(Task) + 2 + 4 * sizeof(TimePoint));
}
BENCHMARK(order_and_replay_once)->Apply(shapes);

void prepare(benchmark::State& state) {
  const TaskGraph& graph = graph_of(state);
  const auto order = std::get<TopologicalOrder>(topological_order(graph, {.max_run = 1}));
  for (auto _ : state) benchmark::DoNotOptimize(prepare_replay(graph, order).ops.data());
  report_ops(state, static_cast<double>(graph.tasks.size()), 2 * sizeof(Task) + 2 * sizeof(ReplayOp));
}
BENCHMARK(prepare)->Apply(shapes);

void replay_plan(benchmark::State& state) {
  const TaskGraph& graph = graph_of(state);
  const auto order = std::get<TopologicalOrder>(topological_order(graph, {.max_run = 1}));
  const ReplayPlan plan = prepare_replay(graph, order);
  TaskTimes times = replay(plan, graph.costs);
  for (auto _ : state) {
    times = replay(plan, graph.costs, std::move(times));
    benchmark::DoNotOptimize(times.end.data());
  }
  // The op is read; start and end are written past the cache.
  report_ops(state, static_cast<double>(graph.tasks.size()), sizeof(ReplayOp) + 2 * sizeof(TimePoint));
}
BENCHMARK(replay_plan)->Apply(shapes);

void replay_plan_makespan(benchmark::State& state) {
  const TaskGraph& graph = graph_of(state);
  const auto order = std::get<TopologicalOrder>(topological_order(graph, {.max_run = 1}));
  const ReplayPlan plan = prepare_replay(graph, order);
  for (auto _ : state) benchmark::DoNotOptimize(makespan(plan, graph.costs));
  report_ops(state, static_cast<double>(graph.tasks.size()), sizeof(ReplayOp));
}
BENCHMARK(replay_plan_makespan)->Apply(shapes);

// Pops an event and pushes it again, with the delays of the workload; `pending` events in the queue.
template <typename Queue>
void hold(benchmark::State& state, Queue queue) {
  test::SplitMix64 random(1);
  std::vector<Duration> delays;
  for (int i = 0; i < 4'096; ++i) {
    const std::int64_t longer = random.below(61);
    const std::int64_t us[] = {50, 50, 1'000 + longer, 2'000 + 2 * longer};
    delays.push_back(Duration{us[random.below(4)] * 1'000});
  }
  for (std::uint32_t i = 0; i < state.range(0); ++i) queue.push(TimePoint{0} + delays[i], i);
  std::size_t i = 0;
  for (auto _ : state) {
    const Event event = queue.pop();
    queue.push(TimePoint{event.time} + delays[i++ % delays.size()], event.payload);
  }
}
void pending(benchmark::internal::Benchmark* b) {
  b->ArgName("pending")->Arg(64)->Arg(400)->Arg(1'600);
}
BENCHMARK_CAPTURE(hold, heap, HeapQueue())->Apply(pending);
BENCHMARK_CAPTURE(hold, buckets, BucketQueue({.width_log2 = 12, .buckets_log2 = 9}))->Apply(pending);

void events(benchmark::State& state, QueueKind queue, bool contention) {
  const TaskGraph& graph = graph_of(state);
  std::uint64_t queue_events = 0;
  TaskTimes times;
  for (auto _ : state) {
    auto run = std::get<EventRun>(
        simulate_events(graph, {.queue = queue, .contention = contention}, std::move(times)));
    queue_events = run.queue_events;
    times = std::move(run.times);
  }
  // Starts and ends of ops and transfers: 4pm + 2(p-1)m. Building the graph's reverse is included.
  const double p = static_cast<double>(state.range(0));
  const double m = static_cast<double>(state.range(1));
  state.counters["time_per_event"] = time_per(state, 4 * p * m + 2 * (p - 1) * m);
  state.counters["time_per_queue_event"] = time_per(state, static_cast<double>(queue_events));
}
BENCHMARK_CAPTURE(events, buckets, QueueKind::Buckets, false)->Apply(shapes);
BENCHMARK_CAPTURE(events, heap, QueueKind::Heap, false)->Apply(shapes);
BENCHMARK_CAPTURE(events, buckets_contention, QueueKind::Buckets, true)->Apply(shapes);

Jitter ten_percent() {
  Jitter jitter{.seed = 1, .factors = {}};
  for (std::uint32_t i = 0; i < kJitterFactors; ++i)
    jitter.factors.push_back((1u << kJitterBits) * (950 + i / 10) / 1'000);
  return jitter;
}

void compile(benchmark::State& state) {
  const TaskGraph& graph = graph_of(state);
  for (auto _ : state) benchmark::DoNotOptimize(compile_batch(graph));
  report_ops(state, static_cast<double>(graph.tasks.size()), sizeof(Task) + 2 * sizeof(BatchOp));
}
BENCHMARK(compile)->Apply(shapes);

// 64 samples with classes up to 10 % longer. In 32-bit lanes the clock is divided by 100, so that times fit.
void batch(benchmark::State& state, InstructionSet set, LaneWidth width, bool with_jitter) {
  if (!supported(set)) {
    state.SkipWithError("not on this machine");
    return;
  }
  const TaskGraph& graph = graph_of(state);
  const BatchProgram program = std::get<BatchProgram>(compile_batch(graph));
  CostSamples costs(graph, 64);
  test::SplitMix64 random(1);
  for (std::size_t c = 0; c < costs.classes(); ++c) {
    for (std::size_t s = 0; s < costs.samples(); ++s) {
      costs.duration(c, s) *= 1'000 + random.below(100);
      costs.duration(c, s) /= width == LaneWidth::Bits32 ? 100'000 : 1'000;
      if (width == LaneWidth::Bits32) costs.latency(c, 0, s) /= 100;
    }
  }
  BatchOptions options{.set = set, .width = width, .jitter = {}, .per_resource = false};
  if (with_jitter) options.jitter = ten_percent();
  for (auto _ : state) benchmark::DoNotOptimize(replay_batch(program, costs, options).makespan.data());
  const double samples = static_cast<double>(costs.samples());
  state.counters["time_per_op_and_sample"] =
      time_per(state, static_cast<double>(graph.tasks.size()) * samples);
  state.counters["slots"] = program.slots;
  state.counters["bytes_per_op_and_sample"] = static_cast<double>(sizeof(BatchOp)) / kLanes;
}
BENCHMARK_CAPTURE(batch, avx512_32, InstructionSet::Avx512, LaneWidth::Bits32, false)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx512_64, InstructionSet::Avx512, LaneWidth::Bits64, false)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx2_32, InstructionSet::Avx2, LaneWidth::Bits32, false)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx2_64, InstructionSet::Avx2, LaneWidth::Bits64, false)->Apply(shapes);
BENCHMARK_CAPTURE(batch, baseline_32, InstructionSet::Baseline, LaneWidth::Bits32, false)->Apply(shapes);
BENCHMARK_CAPTURE(batch, baseline_64, InstructionSet::Baseline, LaneWidth::Bits64, false)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx512_32_jitter, InstructionSet::Avx512, LaneWidth::Bits32, true)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx512_64_jitter, InstructionSet::Avx512, LaneWidth::Bits64, true)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx2_32_jitter, InstructionSet::Avx2, LaneWidth::Bits32, true)->Apply(shapes);
BENCHMARK_CAPTURE(batch, avx2_64_jitter, InstructionSet::Avx2, LaneWidth::Bits64, true)->Apply(shapes);

}  // namespace
}  // namespace stagecraft

BENCHMARK_MAIN();
