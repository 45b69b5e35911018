#include "profiles/suites/counting.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <vector>

#include "profiles/capture/range_counters.h"
#include "profiles/suites/built_suites.h"
#include "profiles/suites/timing.h"

namespace stagecraft {

namespace {

/// One call of a point, in the state in which the timed calls found the cache. Whether the profiler leaves it
/// so between this and the counted call is not known.
std::vector<double> count_call(Bench& bench, RangeCounters& counters, const Case& ready) {
  ready.launch(0);  // loads the kernel
  for (int copy = 1; copy < ready.copies; ++copy) ready.launch(copy);
  if (needs_flush(ready, bench)) bench.flush_l2();
  check(cudaDeviceSynchronize(), "running it");
  return counters.count([&] { ready.launch(0); });
}

void set_counts(MeasuredRow& row, const std::vector<double>& values) {
  // The counter is of products of bf16 alone: of other formats it would say 0.
  if (row.format == "bf16")
    row.flop_counted = counted_value(values, "sm__ops_path_tensor_src_bf16_dst_fp32.sum");
  row.dram_read_bytes = counted_value(values, "dram__bytes_read.sum");
  row.dram_write_bytes = counted_value(values, "dram__bytes_write.sum");
  row.sm_clock_hz = counted_value(values, "gpc__cycles_elapsed.avg.per_second");
}

/// The rows of each point that have no counts: one for each pass.
using Uncounted = std::map<std::string, std::vector<MeasuredRow*>>;

Uncounted uncounted(RawRows& rows) {
  Uncounted result;
  for (MeasuredRow& row : rows.rows)
    if (!row.sm_clock_hz) result[key_of(row)].push_back(&row);
  return result;
}

MeasuredRow key_row(const std::string& suite, const SuitePoint& point) {
  MeasuredRow row;
  row.suite = suite;
  row.family = point.family;
  row.format = point.format;
  row.point = to_text(point.axes);
  row.cache = point.cache;
  return row;
}

/// Counts until the time is over; returns how many points.
std::size_t count_points(const ProfilerOptions& options, const BuiltSuite& suite, RawRows& rows) {
  Bench bench(options.device);
  RangeCounters counters(options.device);
  Uncounted left = uncounted(rows);
  std::size_t counted = 0;
  const auto start = std::chrono::steady_clock::now();
  for (const SuitePoint& point : in_order(find_suite(options.suite)->points(options.quick), 1)) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    if (options.time_limit_s > 0 && spent.count() > options.time_limit_s) break;
    const auto found = left.find(key_of(key_row(options.suite, point)));
    if (found == left.end()) continue;
    try {
      bench.reset();
      const std::vector<double> values = count_call(bench, counters, suite.make(bench, point));
      for (MeasuredRow* row : found->second)
        if (!values.empty()) set_counts(*row, values);
      counted += !values.empty();
    } catch (const NotHere&) {
      continue;
    } catch (const CountersRefused& error) {
      if (counted == 0) throw;
      fmt::print(stderr, "{} {} {}: {}\n", point.family, point.format, to_text(point.axes), error.what());
    } catch (const DeviceError& error) {
      fmt::print(stderr, "{} {} {}: {}\n", point.family, point.format, to_text(point.axes), error.what());
      // After an error inside a kernel nothing works in this process; what was counted is kept.
      if (cudaDeviceSynchronize() != cudaSuccess) break;
    }
  }
  return counted;
}

}  // namespace

void count_suite(const ProfilerOptions& options) {
  const BuiltSuite& suite = *find_built(options.suite);
  if (!suite.counted) return;
  RawRows rows = read_raw_rows(options.rows);
  const std::size_t counted = count_points(options, suite, rows);
  write_raw_rows(options.rows, rows);
  fmt::print(stderr, "{}: {} points counted\n", options.suite, counted);
}

}  // namespace stagecraft
