// Speed of the engine on 1F1B: ns per op or event, bytes moved, and the memory bandwidth of the machine
// beside it.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "sim/engine/events.h"
#include "sim/engine/replay.h"
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

benchmark::Counter ns_per(const benchmark::State& state, double things) {
  const double all = things * static_cast<double>(state.iterations()) * 1e-9;
  return {all, benchmark::Counter::kIsRate | benchmark::Counter::kInvert};
}

void report_ops(benchmark::State& state, double ops, double bytes_per_op) {
  state.counters["ns_per_op"] = ns_per(state, ops);
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

void events(benchmark::State& state, QueueKind queue, bool contention) {
  const TaskGraph& graph = graph_of(state);
  std::uint64_t queue_events = 0;
  for (auto _ : state) {
    const auto run = simulate_events(graph, {.queue = queue, .contention = contention});
    queue_events = std::get<EventRun>(run).queue_events;
  }
  // Starts and ends of ops and transfers: 4pm + 2(p-1)m. Building the graph's reverse is included.
  const double p = static_cast<double>(state.range(0));
  const double m = static_cast<double>(state.range(1));
  state.counters["ns_per_event"] = ns_per(state, 4 * p * m + 2 * (p - 1) * m);
  state.counters["ns_per_queue_event"] = ns_per(state, static_cast<double>(queue_events));
}
BENCHMARK_CAPTURE(events, buckets, QueueKind::Buckets, false)->Apply(shapes);
BENCHMARK_CAPTURE(events, heap, QueueKind::Heap, false)->Apply(shapes);
BENCHMARK_CAPTURE(events, buckets_contention, QueueKind::Buckets, true)->Apply(shapes);

}  // namespace
}  // namespace stagecraft

BENCHMARK_MAIN();
