#include "scenarios/run/build_measured.h"

#include <fmt/format.h>

#include "models/catalog.h"
#include "scenarios/run/files.h"

namespace stagecraft {

namespace {

/// A hundred times a table of 100,000 rows.
constexpr std::size_t kLargestTable = std::size_t{64} << 20;

}  // namespace

Measured measured_kernels(const ReadScenario& read, const Device& device) {
  const auto& file = read.scenario.costs.table;
  if (!file)
    throw error_at(*read.root, "costs.model", "profiled costs need 'costs.table'",
                   {"`stagecraft fit` makes one from measured kernels"});
  const KernelTable table = parse_kernel_table(read_scenario_file(read, "costs.table", *file, kLargestTable),
                                               scenario_file_path(read, *file));
  if (find_preset(device_presets(), table.device)->value != device)
    throw error_at(*read.root, "costs.table",
                   fmt::format("'{}' was measured on {}, the cluster's device is {}", *file, table.device,
                               device.name));
  return {.kernels = MeasuredKernels(table, device), .source = table.source};
}

}  // namespace stagecraft
