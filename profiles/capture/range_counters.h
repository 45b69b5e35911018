#pragma once

#include <functional>
#include <string>
#include <vector>

namespace stagecraft {

/// Hardware counters of what a function launches.
struct CounterValues {
  std::string refused;         ///< why there are none: permissions, another tool; empty where there are
  std::string chip;            ///< GH100
  std::size_t kernels = 0;     ///< that were counted
  std::vector<double> values;  ///< in the order of one_pass_metrics(); of the first kernel
};

/// Counts one_pass_metrics() of each kernel that `launch` starts, by CUPTI's Range Profiler with kernel
/// replay. Kernels are serialised and may run several times: never take times from here. Needs a context, no
/// Tracer, and permission (root or CAP_SYS_ADMIN, or the driver's NVreg_RestrictProfilingToAdminUsers=0).
CounterValues count(int device, const std::function<void()>& launch);

}  // namespace stagecraft
