#pragma once

#include <string>

#include "models/kernel_model.h"

namespace stagecraft {

/// Reads measured kernels from a CSV whose header names a family's axes and the time: "m,n,k,us",
/// "batch,seq,q_heads,kv_heads,head_dim,us", "batch,kv_len,q_heads,kv_heads,head_dim,us". The family follows
/// from the names, in any order; other columns are ignored. A name that ends in .gz is unpacked. `format` and
/// `device` give the section its peak: bf16 and fp16 the device's half, fp8 its fp8. Throws InputError that
/// names file, line and column.
KernelSection read_measurements(const std::string& path, const std::string& format, const Device& device);

}  // namespace stagecraft
