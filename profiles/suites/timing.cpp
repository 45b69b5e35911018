#include "profiles/suites/timing.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "profiles/spread.h"

namespace stagecraft {

namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

/// Two events around each call.
class Events {
 public:
  explicit Events(int count) : events_(static_cast<std::size_t>(2 * count)) {
    for (cudaEvent_t& event : events_) check(cudaEventCreate(&event), "an event");
  }
  ~Events() {
    for (cudaEvent_t event : events_) cudaEventDestroy(event);
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  void begin(int call, cudaStream_t stream) { record(2 * call, stream); }
  void end(int call, cudaStream_t stream) { record(2 * call + 1, stream); }
  double us(int call) const {
    float ms = 0;
    check(cudaEventElapsedTime(&ms, at(2 * call), at(2 * call + 1)), "the time between two events");
    return 1e3 * static_cast<double>(ms);
  }

 private:
  cudaEvent_t at(int i) const { return events_[static_cast<std::size_t>(i)]; }
  void record(int i, cudaStream_t stream) { check(cudaEventRecord(at(i), stream), "an event"); }

  std::vector<cudaEvent_t> events_;
};

class Measurement {
 public:
  Measurement(Bench& bench, Tracer* tracer, const Case& ready, const TimingRules& rules)
      : bench_(bench),
        tracer_(tracer),
        case_(ready),
        rules_(rules),
        stream_(ready.stream ? ready.stream : bench.stream()),
        flush_(needs_flush(ready, bench)) {}

  MeasuredRow run() {
    const double estimate_us = warm_up();
    settle(estimate_us);
    if (tracer_) tracer_->drain(0);  // the warm-up's records
    const int calls = number_of_calls(estimate_us);
    Events events(calls);
    std::vector<double> host_us;
    const std::uint64_t first_id = next_call_id();
    for (int call = 0; call < calls; ++call)
      host_us.push_back(timed_call(call, call == 0 ? first_id : next_call_id(), events));
    synchronize();
    MeasuredRow row = tracer_ ? traced(first_id, static_cast<std::size_t>(calls)) : MeasuredRow{};
    std::vector<double> event_us;
    for (int call = 0; call < calls; ++call) event_us.push_back(events.us(call));
    if (!tracer_) set_times(row, event_us);
    row.event_us = quantile_of(event_us, 0.5);
    row.host_us = quantile_of(host_us, 0.5);
    return row;
  }

 private:
  void synchronize() { check(cudaDeviceSynchronize(), "running it"); }

  /// Microseconds of one call, roughly.
  double warm_up() {
    for (int call = 0; call < rules_.warm_up_calls; ++call) case_.launch(call % case_.copies);
    synchronize();
    Events events(1);
    constexpr int kCalls = 3;
    events.begin(0, stream_);
    for (int call = 0; call < kCalls; ++call) case_.launch(call % case_.copies);
    events.end(0, stream_);
    synchronize();
    return std::max(events.us(0) / kCalls, 1.0);
  }

  void settle(double estimate_us) {
    if (estimate_us < rules_.settle_above_us) return;
    const auto start = Clock::now();
    while (us_since(start) < 1e6 * rules_.settle_s) {
      for (int call = 0; call < 4; ++call) case_.launch(call % case_.copies);
      synchronize();
    }
  }

  int number_of_calls(double estimate_us) const {
    const double fit = 1e6 * rules_.most_s / estimate_us;
    return fit >= rules_.calls ? rules_.calls : std::max(rules_.fewest_calls, static_cast<int>(fit));
  }

  /// Microseconds that the host took.
  double timed_call(int call, std::uint64_t id, Events& events) {
    if (flush_) bench_.flush_l2();
    if (case_.beside) case_.beside();
    std::optional<Tracer::Scope> scope;
    events.begin(call, stream_);
    if (tracer_) scope.emplace(id);
    const auto start = Clock::now();
    case_.launch(call % case_.copies);
    const double host_us = us_since(start);
    scope.reset();
    events.end(call, stream_);
    // What ran beside one call must not reach into the next; untraced launches must find an empty queue.
    if (case_.beside || !tracer_) synchronize();
    return host_us;
  }

  MeasuredRow traced(std::uint64_t first_id, std::size_t calls) {
    const JoinedCalls joined = join(tracer_->drain(calls));
    MeasuredRow row;
    std::vector<double> us;
    for (const OperatorCall& call : joined.calls) {
      if (call.id < first_id) continue;  // of an earlier point, come late
      us.push_back(1e-3 * static_cast<double>(case_.span ? call.end_ns - call.start_ns : call.device_ns));
      row.kernels_per_call += static_cast<double>(call.spans);
      row.kernel = call.kernel;
      if (call.pageable_host) throw DeviceError("the host's memory of a copy is not pinned");
    }
    set_times(row, us);
    if (!us.empty()) row.kernels_per_call /= row.calls;
    row.discarded = static_cast<double>(calls) - row.calls;
    return row;
  }

  Bench& bench_;
  Tracer* tracer_;
  const Case& case_;
  const TimingRules& rules_;
  cudaStream_t stream_;
  bool flush_;
};

}  // namespace

std::uint64_t next_call_id() {
  static std::uint64_t id = 0;
  return ++id;
}

void set_times(MeasuredRow& row, const std::vector<double>& us) {
  row.calls = static_cast<double>(us.size());
  row.median_us = quantile_of(us, 0.5);
  row.p10_us = quantile_of(us, 0.1);
  row.p90_us = quantile_of(us, 0.9);
  row.min_us = quantile_of(us, 0);
}

bool needs_flush(const Case& ready, const Bench& bench) {
  return ready.copies > 1 && ready.copy_bytes * static_cast<std::size_t>(ready.copies) < 3 * bench.l2_bytes();
}

MeasuredRow measure(Bench& bench, Tracer* tracer, const Case& ready, const SuitePoint& point,
                    const TimingRules& rules) {
  MeasuredRow row = Measurement(bench, tracer, ready, rules).run();
  row.family = point.family;
  row.format = point.format;
  row.point = to_text(point.axes);
  row.cache = point.cache;
  row.flops = ready.flops;
  row.bytes = ready.bytes;
  row.algorithm = tracer ? ready.algorithm : "untraced";
  const DeviceState state = bench.nvml().read();
  row.sm_mhz = state.sm_mhz;
  row.memory_mhz = state.memory_mhz;
  row.power_w = state.power_w;
  row.temperature_c = state.temperature_c;
  row.throttle = static_cast<double>(state.throttle);
  return row;
}

}  // namespace stagecraft
