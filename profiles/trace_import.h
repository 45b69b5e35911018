#pragma once

#include <map>
#include <span>
#include <string>

#include "base/units.h"
#include "profiles/raw_rows.h"

namespace stagecraft {

/// What one suite of rows comes from.
struct TracedTotal {
  std::size_t calls = 0;
  Duration duration{0};  ///< on the GPU
};

/// Measured rows out of traces.
struct TracedRows {
  RawRows raw;                                ///< sorted by suite, family, format and point
  std::map<std::string, TracedTotal> totals;  ///< by suite
};

/// Reads traces of PyTorch's profiler (Kineto) and makes a row of each operator with each of its shapes and
/// formats: how often it ran, the median, 10th and 90th percentile of its time on the GPU (see
/// traced_calls(), point_of()) and its longest kernel. Calls of all traces are taken together, such as those
/// of several ranks. `command` goes into the header. The cache column is "traced": inputs were as warm as the
/// program left them. Throws InputError: a file cannot be read or used, traces are of different devices.
TracedRows import_traces(std::span<const std::string> paths, const std::string& command);

}  // namespace stagecraft
