#pragma once

#include <optional>
#include <string>

#include "models/collective_table.h"
#include "models/kernel_model.h"

namespace stagecraft {

/// Reads measured kernels from a CSV whose header names a family's axes and the time: "m,n,k,us",
/// "batch,seq,q_heads,kv_heads,head_dim,us", "batch,kv_len,q_heads,kv_heads,head_dim,us". The family follows
/// from the names, in any order; other columns are ignored. A name that ends in .gz is unpacked. `format` and
/// `device` give the section its peak: bf16 and fp16 the device's half, fp8 its fp8. Throws InputError that
/// names file, line and column.
KernelSection read_measurements(const std::string& path, const std::string& format, const Device& device);

/// Collectives inside a node, from a CSV whose header names operation (or op), gpus, bytes and us; nothing
/// where it names other columns. Throws InputError likewise.
std::optional<CollectiveSection> read_measured_collectives(const std::string& path);

}  // namespace stagecraft
