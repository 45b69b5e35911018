#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "profiles/attach/operator_calls.h"
#include "profiles/raw_rows.h"

namespace stagecraft {

/// A traced program as rows, one for each operator.
struct AttachedRows {
  std::vector<MeasuredRow> rows;  ///< the most device time first, then by name
  /// What was left out and why, or may be wrong, in whole sentences without an end; empty where all is well.
  std::vector<std::string> notes;
  std::size_t spans = 0;       ///< kernels, copies and fills in the rows
  double device_us = 0;        ///< their time
  double in_ranges_share = 0;  ///< of it, what was launched inside ranges; 0 to 1
};

/// Calls of one name are one row, over all processes: suite "attach", family the operator's name, one pass;
/// what the trace does not know (format, point, FLOPs) is empty or 0. Operators of which no call can be
/// trusted get no row.
AttachedRows attached_rows(std::span<const AttachedCalls> processes);

/// The operators with the most device time, at most `most`, as an aligned table.
std::string top_operators(const AttachedRows& attached, std::size_t most);

}  // namespace stagecraft
