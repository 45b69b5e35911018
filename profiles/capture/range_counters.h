#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// Counters cannot be read; what() says why and what to do.
class CountersRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What to do about a CUptiResult of the profiler, as a second line; empty where nothing is known. Pure.
std::string counters_remedy(int result);

/// Hardware counters of what a function launches: one_pass_metrics(), by CUPTI's Range Profiler, with one
/// range around the whole launch. Kernels are serialised and, where a chip needs several passes, run several
/// times: never take times from here. Needs a context and permission (root or CAP_SYS_ADMIN, or the driver's
/// NVreg_RestrictProfilingToAdminUsers=0). No Tracer in the same process: CUPTI's tracing and its range
/// profiler exclude each other, and tracing would add its own memory traffic to what is counted.
class RangeCounters {
 public:
  /// Of the calling thread's context, on `device`. Throws CountersRefused.
  explicit RangeCounters(int device);
  ~RangeCounters();
  RangeCounters(const RangeCounters&) = delete;
  RangeCounters& operator=(const RangeCounters&) = delete;

  const std::string& chip() const;  ///< GH100
  std::size_t passes() const;       ///< how often a launch is made for one count

  /// In the order of one_pass_metrics(); empty where nothing was counted. Throws CountersRefused.
  std::vector<double> count(const std::function<void()>& launch);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The value of one of one_pass_metrics() among those that count() returned, which must not be empty.
double counted_value(const std::vector<double>& values, std::string_view metric);

}  // namespace stagecraft
