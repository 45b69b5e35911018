#pragma once

#include <string>
#include <vector>

#include "base/chrome_trace.h"

namespace stagecraft {

/// One call of an operator, as the GPU saw it.
struct TracedCall {
  const TraceEvent* op = nullptr;       ///< null: no operator launched it, such as a CUDA graph's kernels
  const TraceEvent* longest = nullptr;  ///< its longest kernel; where it has none, its longest copy
  Duration duration{0};                 ///< sum over its kernels, copies and memsets
  int kernels = 0;
  int copies = 0;  ///< and memsets
};

/// Whether the kernel is one of NCCL's.
bool is_collective(const TraceEvent& kernel);

/// What trace_calls() needs of a trace.
TraceFilter traced_calls_filter();

/// The trace's kernels, copies and memsets, gathered by the operator that launched them: that whose
/// "External id" they carry, else the innermost one that was running on the thread of the launch with their
/// correlation. An operator that had ended before the launch did not launch it, whatever the ids say: what
/// other libraries launch carries the id of PyTorch's last operator. Kernels of NCCL, copies of operators
/// that only copy, and what no operator launched are calls of their own. In the order of the operators, then
/// of the others, in the file. Throws InputError (`path` names the file) where there are no kernels, no
/// operators or nothing that joins them.
std::vector<TracedCall> traced_calls(const ChromeTrace& trace, const std::string& path);

}  // namespace stagecraft
