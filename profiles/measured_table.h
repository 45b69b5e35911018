#pragma once

#include "models/kernel_table.h"
#include "profiles/raw_rows.h"

namespace stagecraft {

/// The preset of the catalog that the driver's name means ("NVIDIA H100 80GB HBM3": h100), or that has this
/// name itself; empty where none does.
std::string preset_of(const std::string& device);

/// The table that cost models read, fitted: of the families that they know, the points measured with a cold
/// cache or found in a trace, each as the mean of its passes' medians. Rows of other families, and of kernels
/// inside a pass, stay in the file of rows. The source says so where attention of whole sequences was
/// measured without a mask only. Throws InputError where the device is not in the catalog or no row is of
/// use.
KernelTable table_of(const RawRows& rows);

/// The rows of a file, be it one of rows or a table. Throws InputError.
RawRows read_measured(const std::string& path);

/// A table as rows, for comparing.
std::vector<MeasuredRow> rows_of(const KernelTable& table);

}  // namespace stagecraft
