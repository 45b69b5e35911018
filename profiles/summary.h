#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/cluster.h"
#include "profiles/raw_rows.h"

namespace stagecraft {

/// The values that one axis of a family's points takes.
struct AxisRange {
  std::string name;
  std::int64_t least = 0;
  std::int64_t most = 0;
};

/// A rate over the rows of a family; 0 where the rows do not say what was done.
struct AchievedRate {
  double median = 0;
  double best = 0;
  double peak = 0;  ///< of the device; 0: not known, or the rate is of something else, such as a link
};

/// One point of the roofline: intensity in FLOP per byte of device memory.
struct WorkPoint {
  double intensity = 0;
  double flops_per_s = 0;
};

/// What the rows of one family, format and state of the cache reach.
struct FamilySummary {
  std::string family;
  std::string format;
  std::string cache;
  std::size_t rows = 0;
  double median_us = 0;
  std::vector<AxisRange> axes;    ///< in the order of the family's points
  AchievedRate flops;             ///< FLOP/s
  AchievedRate bytes;             ///< byte/s
  std::vector<WorkPoint> points;  ///< of rows with FLOPs and bytes

  /// "gemm bf16", "gemm bf16 warm".
  std::string label() const { return family + " " + format + (cache == "cold" ? "" : " " + cache); }
};

struct TableSummary {
  std::string device;            ///< as the rows call it
  const Device* peak = nullptr;  ///< of the catalog; null: it does not have the device
  std::vector<FamilySummary> families;
};

/// Summarises measured rows, family by family in the order of their names. Work is a row's FLOPs and bytes;
/// where a row has none, what the cost models take its family's work to be (models/kernel_family.h).
TableSummary summarize(const RawRows& rows);

/// The device's peak for arithmetic in this format, FLOP/s; 0 where it has none or none is known.
double peak_flops(const Device& device, const std::string& format);

/// For people: per family the rows, what they reach in the median and at best and as a share of the device's
/// peak, and the range of each axis.
std::string to_text(const TableSummary& summary);

}  // namespace stagecraft
