#include "profiles/suites/probe.h"

#include <fmt/format.h>

#include <chrono>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "profiles/capture/metrics_plan.h"
#include "profiles/capture/range_counters.h"
#include "profiles/spread.h"
#include "profiles/suites/timing.h"

namespace stagecraft {

namespace {

void probe_trace(int device) {
  Tracer tracer;
  Bench bench(device);
  fmt::print("device: {}\nprocessors: {}\nl2_bytes: {}\ncupti: {}\n", bench.device().name,
             bench.device().multiProcessorCount, bench.l2_bytes(), Tracer::version());
  for (const std::int64_t size : {512, 2048, 8192}) {
    bench.reset();
    const SuitePoint point = product(size, size, size);
    const MeasuredRow row = measure(bench, &tracer, gemm_case(bench, point), point, TimingRules::quick());
    fmt::print(
        "product_{}: cupti {:.3f} us, events {:.3f} us, host {:.3f} us, {:.1f} TFLOP/s, {} calls, {} "
        "discarded\n",
        size, row.median_us, row.event_us, row.host_us, row.flops / row.median_us * 1e-6, row.calls,
        row.discarded);
  }
  for (std::uint64_t id = 1; id <= 1000; ++id) {
    const Tracer::Scope scope(1'000'000 + id);
    launch_empty(bench.stream());
  }
  check(cudaDeviceSynchronize(), "empty kernels");
  const JoinedCalls joined = join(tracer.drain(1000));
  std::uint64_t resolution = 0;
  std::vector<double> ns;
  for (const OperatorCall& call : joined.calls) {
    resolution = std::gcd(resolution, call.device_ns);
    ns.push_back(static_cast<double>(call.device_ns));
  }
  fmt::print(
      "empty_kernel: median {:.0f} ns, p90 {:.0f} ns, resolution {} ns, {} calls, {} in overhead, {} bad "
      "times\n",
      quantile_of(ns, 0.5), quantile_of(ns, 0.9), resolution, joined.calls.size(), joined.in_overhead,
      joined.bad_time);
}

void probe_launch(int device, const std::string& question) {
  std::optional<Tracer> tracer;
  if (question != "launch-none") tracer.emplace(TracerOptions{.driver_calls = question == "launch-all"});
  Bench bench(device);
  constexpr int kLaunches = 2000;
  std::vector<double> us;
  for (int round = 0; round < 20; ++round) {
    check(cudaDeviceSynchronize(), "empty kernels");
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kLaunches; ++i) launch_empty(bench.stream());
    check(cudaDeviceSynchronize(), "empty kernels");
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
    us.push_back(spent.count() / kLaunches);
    if (tracer) tracer->drain(0);
  }
  fmt::print("{}: {:.3f} us per launch back to back\n", question, quantile_of(us, 0.5));
}

void probe_counters(int device) {
  Bench bench(device);
  const Case ready = gemm_case(bench, product(4096, 4096, 4096));
  ready.launch(0);
  check(cudaDeviceSynchronize(), "a product");
  try {
    RangeCounters counters(device);
    const std::vector<double> values = counters.count([&] { ready.launch(0); });
    fmt::print("counters: {} values in {} passes on {}\n", values.size(), counters.passes(), counters.chip());
    for (std::size_t i = 0; i < values.size(); ++i)
      fmt::print("{}: {:.6g}\n", one_pass_metrics()[i], values[i]);
    if (!values.empty()) fmt::print("tensor_ops_over_2mnk: {:.4f}\n", values.back() / ready.flops);
  } catch (const CountersRefused& error) {
    fmt::print("counters: refused: {}\n", error.what());
  }
}

}  // namespace

void probe(const std::string& question, int device) {
  if (question == "trace") return probe_trace(device);
  if (question == "counters") return probe_counters(device);
  if (question.starts_with("launch-")) return probe_launch(device, question);
  throw InputError(fmt::format("stagecraft: error: no question '{}'", question));
}

}  // namespace stagecraft
