#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/chrome_trace.h"

namespace stagecraft {

/// One input of an operator as PyTorch's profiler records it with record_shapes.
struct TracedInput {
  std::vector<std::int64_t> dims;  ///< empty: a scalar, or a list of tensors
  std::int64_t tensors = 0;        ///< of a list of tensors; else 0
  std::int64_t elements = 0;       ///< of all tensors of the list
  std::string_view type;           ///< "c10::BFloat16", "float", "Scalar", ...
  std::string_view value;          ///< of a scalar: "True", "8"; empty: not recorded
};

/// The inputs in their order; none where shapes were not recorded.
std::vector<TracedInput> traced_inputs(const TraceEvent& op);

/// bf16, fp16, fp8, fp32, ... for PyTorch's names ("c10::BFloat16", "float") and those of its collectives
/// ("BFloat16", "Float"); "none" for what is no number format.
std::string format_of_type(std::string_view type);

/// Bytes of one number of the format; 0 where it is not known.
double bytes_of_format(std::string_view format);

}  // namespace stagecraft
