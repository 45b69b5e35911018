// The main kernel's time while a fill kernel runs beside it, for every pair of kinds and way of sharing: what
// fill jobs and speculation pay. The slowdown is this time over the main kernel's alone, which the column
// "algorithm" names.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "profiles/suites/case.h"

namespace stagecraft {

namespace {

/// A kernel that can run on either stream, and how long it takes alone.
struct Work {
  std::function<void(cudaStream_t)> launch;
  double us = 0;
};

/// Microseconds of one call, from a few.
double time_alone(const Work& work, cudaStream_t stream) {
  cudaEvent_t from = nullptr;
  cudaEvent_t to = nullptr;
  check(cudaEventCreate(&from), "an event");
  check(cudaEventCreate(&to), "an event");
  constexpr int kCalls = 5;
  for (int i = 0; i < 2; ++i) work.launch(stream);
  check(cudaEventRecord(from, stream), "an event");
  for (int i = 0; i < kCalls; ++i) work.launch(stream);
  check(cudaEventRecord(to, stream), "an event");
  check(cudaEventSynchronize(to), "waiting");
  float ms = 0;
  check(cudaEventElapsedTime(&ms, from, to), "the time between two events");
  cudaEventDestroy(from);
  cudaEventDestroy(to);
  return std::max(1.0, 1e3 * static_cast<double>(ms) / kCalls);
}

/// `processors`: the most that the product may use; 0: all.
Work product_work(Bench& bench, std::int64_t m, int processors) {
  const Case ready = product_case(bench, product(m, 8192, 8192), processors);
  return {[run = ready.launch_on](cudaStream_t stream) { run(0, stream); }};
}

Work stream_work(Bench& bench) {
  const StreamKernel* kernel = find_stream_kernel("residual-add");
  StreamOperands on{.rows = 8192, .width = 8192};
  const std::size_t bytes = std::size_t{2} * 8192 * 8192;
  on.a = bench.input(Number::Bf16, bytes);
  on.b = bench.input(Number::Bf16, bytes);
  on.x = bench.output(bytes);
  return {[kernel, on](cudaStream_t stream) { kernel->launch(on, stream); }};
}

Work copy_work(Bench& bench, cudaMemcpyKind kind) {
  constexpr std::size_t kBytes = std::size_t{16} << 20;
  char* host = pinned_memory(0);
  void* device = bench.output(kBytes);
  return {[host, device, kind](cudaStream_t stream) {
    const bool up = kind == cudaMemcpyHostToDevice;
    check(cudaMemcpyAsync(up ? device : host, up ? host : device, kBytes, kind, stream), "a copy");
  }};
}

/// The kinds of interference_points().
Work work_of(Bench& bench, std::int64_t kind, int processors) {
  switch (kind) {
    case 0:
      return product_work(bench, 4096, processors);
    case 1:
      return product_work(bench, 8, 0);
    case 2:
      return stream_work(bench);
    case 3:
      return copy_work(bench, cudaMemcpyHostToDevice);
    default:
      return copy_work(bench, cudaMemcpyDeviceToHost);
  }
}

cudaEvent_t fill_begun() {
  static cudaEvent_t event = untimed_event();
  return event;
}

}  // namespace

Case interference_case(Bench& bench, const SuitePoint& point) {
  const std::int64_t sharing = point.at("sharing");
  const int processors = sharing == 2 ? bench.device().multiProcessorCount / 4 : 0;
  Work main = work_of(bench, point.at("main"), 0);
  main.us = time_alone(main, bench.stream());
  Case ready;
  ready.stream = sharing == 1 ? bench.high() : bench.stream();
  ready.launch = [main, stream = ready.stream](int) { main.launch(stream); };
  ready.algorithm = fmt::format("alone {:.2f} us", main.us);
  Work fill = work_of(bench, point.at("fill"), processors);
  fill.us = time_alone(fill, bench.other());
  ready.algorithm += fmt::format("; fill alone {:.2f} us", fill.us);
  // Four times the main kernel's time: it may take twice as long beside the fill kernel.
  const int fills = 2 + static_cast<int>(std::ceil(4 * main.us / fill.us));
  ready.beside = [fill, fills, &bench, stream = ready.stream] {
    fill.launch(bench.other());
    check(cudaEventRecord(fill_begun(), bench.other()), "an event");
    for (int i = 0; i < fills; ++i) fill.launch(bench.other());
    check(cudaStreamWaitEvent(stream, fill_begun(), 0), "waiting for an event");
  };
  return ready;
}

}  // namespace stagecraft
