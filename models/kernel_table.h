#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/cluster.h"
#include "models/collective_table.h"
#include "models/kernel_model.h"

namespace stagecraft {

/// Measured kernels of one device: where they come from, and a section for each family and number format.
///
/// As text, a YAML header, a line "---", and for each section of the header a block of comma-separated times
/// in microseconds, a line a shape and a column a load; an empty cell was not measured:
///
///     stagecraft_table: 1
///     device: h200
///     source: who measured it, with what
///     sections:
///       - {family: gemm, format: bf16, latency_us: 3.05, flops_share: 0.795, ...}
///     ---
///     gemm bf16
///     n,k,m=1,m=2,m=4
///     4096,4096,13.3,13.2,
///     4096,8192,22.1,22.3,22.2
///
/// A load of two axes is written batch=1 sequence=16 with a blank between. Collectives, where the header has
/// them, are the last block: "collectives", then a line a row, operation,gpus,bytes,us.
struct KernelTable {
  std::string device;   ///< a preset of the catalog
  std::string source;   ///< who measured, with which software
  std::string licence;  ///< of the rows, where somebody else measured them
  std::string driver;   ///< versions where our own profiler measured
  std::string date;     ///< of measurement, YYYY-MM-DD
  std::string command;  ///< that made the table
  std::vector<KernelSection> sections;
  std::optional<CollectiveSection> collectives;  ///< inside one node
};

/// Reads a table's text; `name` stands for the file in errors. Throws InputError at file, line and column.
KernelTable parse_kernel_table(std::string text, const std::string& name);

/// The text of a table. parse_kernel_table() of it gives the same table, times rounded to four digits.
std::string to_text(const KernelTable& table);

}  // namespace stagecraft
