#pragma once

#include <string>

#include "profiles/capture/records.h"

namespace stagecraft {

/// A kernel's function without result, namespaces, template arguments and parameters:
/// "_ZN2at6native13reduce_kernelILi512EEEvi" is "reduce_kernel". A name that is not mangled stays as it is.
std::string short_kernel_name(const std::string& mangled);

/// What the device did where no range says it: a kernel's short name, "copy from host to device", "fill".
std::string operator_name(const DeviceSpan& span);

/// A range's name without what numbers each call, so that calls of one operator have one name: PyTorch's
/// emit_nvtx() writes "aten::mm, seq = 12, op_id = 3", of which "aten::mm" is kept, and sizes where they are.
std::string operator_name(const std::string& range);

}  // namespace stagecraft
