// How fast reports are written, per slice: 1F1B with 64 ranks, 1 M slices.
#include <benchmark/benchmark.h>

#include "sim/report/csv.h"
#include "sim/report/svg.h"
#include "sim/report/trace.h"
#include "timelines.h"

namespace {

using namespace stagecraft;

/// Counts the bytes, so that only the writing is measured.
struct NullSink final : TextSink {
  void write(std::string_view text) override { bytes += text.size(); }
  std::size_t bytes = 0;
};

const Timeline& million_slices() {
  static const Timeline timeline = [] {
    TestPipeline pipeline = one_f_one_b_pipeline(64, 2600);
    pipeline.forward = Duration{1'234'567};
    pipeline.backward = Duration{2'345'678};
    pipeline.transfer = Duration{98'765};
    return run(pipeline);
  }();
  return timeline;
}

/// `counted`: what the written slices are, to divide by.
template <class Write>
void measure(benchmark::State& state, const TraceOptions& counted, Write write) {
  const auto slices = static_cast<double>(trace_size(million_slices(), counted).slices);
  std::size_t bytes = 0;
  for (auto _ : state) {
    NullSink sink;
    write(sink);
    bytes = sink.bytes;
  }
  state.counters["slices"] = slices;
  state.counters["bytes/slice"] = static_cast<double>(bytes) / slices;
  state.counters["s/slice"] =
      benchmark::Counter(slices, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void write_trace_of_a_million(benchmark::State& state) {
  measure(state, {}, [](TextSink& sink) { write_trace(million_slices(), {}, sink); });
}
BENCHMARK(write_trace_of_a_million)->Unit(benchmark::kMillisecond);

void write_trace_without_transfers(benchmark::State& state) {
  const TraceOptions options{.transfers = false};
  measure(state, options, [&](TextSink& sink) { write_trace(million_slices(), options, sink); });
}
BENCHMARK(write_trace_without_transfers)->Unit(benchmark::kMillisecond);

void write_svg_of_a_million(benchmark::State& state) {
  measure(state, {.transfers = false}, [](TextSink& sink) { write_svg(million_slices(), {}, sink); });
}
BENCHMARK(write_svg_of_a_million)->Unit(benchmark::kMillisecond);

void write_csv_of_a_million(benchmark::State& state) {
  measure(state, {.transfers = false}, [](TextSink& sink) { write_csv(million_slices(), {}, sink); });
}
BENCHMARK(write_csv_of_a_million)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
