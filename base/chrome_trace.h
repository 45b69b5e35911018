#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/units.h"

namespace stagecraft {

/// One event of a trace. Texts belong to the ChromeTrace; -1 stands for a number that the event does not
/// have.
struct TraceEvent {
  char phase = 'X';  ///< 'X' complete, 's' and 'f' ends of an arrow, 'C' counter, 'M' metadata
  std::string_view name;
  std::string_view category;  ///< "kernel", "cpu_op", "cuda_runtime", ...
  TimePoint start{0};         ///< since ChromeTrace::base_time
  Duration duration{0};       ///< at least 0, at most TraceFilter::most_duration
  std::int64_t pid = -1;      ///< -1 also where it is no number, such as Kineto's "Spans"
  std::int64_t tid = -1;
  std::int64_t correlation = -1;  ///< of a launch and of what it launched
  std::int64_t external_id = -1;  ///< of an operator and of what it launched
  std::int64_t device = -1;
  std::int64_t stream = -1;
  std::int64_t id = -1;   ///< that the two ends of an arrow share
  std::string_view args;  ///< those asked for; see arg_of() in base/trace_text.h

  TimePoint end() const { return start + duration; }
};

/// A GPU as the trace describes it.
struct TraceDevice {
  std::int64_t id = -1;
  std::string name;  ///< "NVIDIA H200"
};

/// What was read of a trace. Not copied: events point into its texts.
struct ChromeTrace {
  ChromeTrace() = default;
  ChromeTrace(ChromeTrace&&) = default;
  ChromeTrace& operator=(ChromeTrace&&) = default;

  std::vector<TraceEvent> events;    ///< in the order of the file
  std::vector<TraceDevice> devices;  ///< Kineto's deviceProperties
  Duration base_time{0};             ///< Kineto's baseTimeNanoseconds: what to add for time since 1970
  std::int64_t rank = -1;            ///< Kineto's distributedInfo
  std::int64_t world_size = -1;
  std::int64_t cuda_runtime = -1;  ///< 12040: CUDA 12.4
  std::int64_t cuda_driver = -1;   ///< the newest CUDA that the driver knows, written likewise

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  /// Every text once; the nodes stay where they are.
  std::unordered_set<std::string, TextHash, std::equal_to<>> texts;
};

/// What of a trace is kept; the rest costs no memory.
struct TraceFilter {
  std::span<const std::string_view>
      categories{};                          ///< of events; empty: all; "" is that of events without one
  std::span<const std::string_view> args{};  ///< names of arguments beside those that TraceEvent has
  std::string_view phases = "X";             ///< of events, a letter each
  /// All arguments of counters: their keys are up to the writer. REQUIRES: such events begin with "ph" before
  /// "args", as those of every known writer do.
  bool counter_args = false;
  /// Times of more are refused: a clock that jumped, and sums of times would overflow. A simulated step may
  /// be as long as a Duration, which is the most that both can be; ends of events always fit one.
  Duration most_start{std::int64_t{1} << 62};  ///< before or after time 0
  Duration most_duration = std::chrono::hours(24);
};

/// Reads a trace in Chrome's JSON format (an object with "traceEvents", or the bare array of events), packed
/// by gzip or not. As a stream: memory grows with the events that are kept, about 150 bytes each and every
/// different text once, not with the file. Times, microseconds in the file, become nanoseconds exactly.
/// Kineto's own keys (PyTorch's profiler) are read where they are: "External id", deviceProperties, ...
/// Throws InputError: no such file, no JSON (byte and line), cut off, no trace, times that cannot be.
/// Source of the format: "Trace Event Format", Google; Kineto's keys as PyTorch 1.12 to 2.9 write them.
ChromeTrace read_chrome_trace(const std::string& path, const TraceFilter& filter);

}  // namespace stagecraft
