#include "profiles/trace_import.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "profiles/spread.h"
#include "profiles/trace_points.h"

namespace stagecraft {

namespace {

constexpr std::string_view kUnknownDevice = "a device that the trace does not name";

/// Every call of one row.
struct Calls {
  std::vector<double> us;
  double kernels = 0;
  Duration longest{-1};
  std::string kernel;  ///< name of the longest
};

using Rows = std::map<TracedPoint, Calls>;

double microseconds(Duration duration) {
  return static_cast<double>(duration.count()) * 1e-3;
}

void add(Calls& calls, const TracedCall& call) {
  calls.us.push_back(microseconds(call.duration));
  calls.kernels += call.kernels + call.copies;
  if (call.longest->duration <= calls.longest) return;
  calls.longest = call.longest->duration;
  calls.kernel = call.longest->name;
}

MeasuredRow row_of(const TracedPoint& point, const Calls& calls) {
  MeasuredRow row;
  row.suite = point.suite;
  row.family = point.family;
  row.format = point.format;
  row.point = point.point;
  row.cache = "traced";
  row.pass = 1;
  row.calls = static_cast<double>(calls.us.size());
  row.kernels_per_call = calls.kernels / row.calls;
  row.median_us = quantile_of(calls.us, 0.5);
  row.p10_us = quantile_of(calls.us, 0.1);
  row.p90_us = quantile_of(calls.us, 0.9);
  row.min_us = *std::min_element(calls.us.begin(), calls.us.end());
  row.flops = point.flops;
  row.bytes = point.bytes;
  row.kernel = calls.kernel;
  return row;
}

/// 12040: "12.4".
std::string cuda_version(std::int64_t number) {
  return fmt::format("{}.{}", number / 1000, number % 1000 / 10);
}

std::string cuda_of(const ChromeTrace& trace) {
  std::string text;
  if (trace.cuda_runtime > 0) text = "runtime " + cuda_version(trace.cuda_runtime);
  if (trace.cuda_driver > 0)
    text += fmt::format("{}driver up to {}", text.empty() ? "" : ", ", cuda_version(trace.cuda_driver));
  return text.empty() ? text : "CUDA " + text;
}

/// The day of the first event (UTC); empty where its times do not count from 1970.
std::string date_of(const ChromeTrace& trace) {
  constexpr Duration kYear2001{1'000'000'000'000'000'000};
  Duration first = Duration::max();
  for (const TraceEvent& event : trace.events) first = std::min(first, event.start);
  if (first > Duration::max() - std::max(trace.base_time, Duration{0})) return {};
  first += trace.base_time;
  if (first < kYear2001) return {};
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(first).count();
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(seconds));
}

/// The name of the devices that ran kernels. Throws where they are of two kinds.
std::string device_of(const ChromeTrace& trace, const std::string& path) {
  std::string name;
  for (const TraceDevice& device : trace.devices) {
    const bool used = std::any_of(trace.events.begin(), trace.events.end(), [&](const TraceEvent& event) {
      return event.category == "kernel" && (event.device == device.id || event.device < 0);
    });
    if (!used || device.name == name) continue;
    if (!name.empty())
      throw file_error(path, fmt::format("has kernels of two devices: {} and {}", name, device.name),
                       {"trace one of them alone"});
    name = device.name;
  }
  return name.empty() ? std::string(kUnknownDevice) : name;
}

/// The first trace gives the header; the others must be of the same device.
void take_header(const ChromeTrace& trace, std::span<const std::string> paths, std::size_t index,
                 RowsHeader& header) {
  const std::string device = device_of(trace, paths[index]);
  if (index > 0) {
    if (device == header.device) return;
    throw file_error(paths[index], fmt::format("is of {}, {} of {}", device, paths[0], header.device),
                     {"rows of two devices do not mix: import each into its own table"});
  }
  header.device = device;
  header.cuda = cuda_of(trace);
  header.date = date_of(trace);
}

}  // namespace

TracedRows import_traces(std::span<const std::string> paths, const std::string& command) {
  TracedRows result;
  Rows rows;
  result.raw.header.command = command;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const ChromeTrace trace = read_chrome_trace(paths[i], traced_calls_filter());
    const std::vector<TracedCall> calls = traced_calls(trace, paths[i]);
    take_header(trace, paths, i, result.raw.header);
    for (const TracedCall& call : calls) {
      const TracedPoint point = point_of(call);
      add(rows[point], call);
      TracedTotal& total = result.totals[point.suite];
      ++total.calls;
      total.duration += call.duration;
    }
    result.raw.header.source += fmt::format("{}{}", i == 0 ? "PyTorch trace " : ", ", paths[i]);
  }
  for (const auto& [point, calls] : rows) result.raw.rows.push_back(row_of(point, calls));
  return result;
}

}  // namespace stagecraft
