#pragma once

#include <span>
#include <string>
#include <vector>

#include "profiles/raw_rows.h"

namespace stagecraft {

/// One point that two tables have.
struct PointRatio {
  std::string point;
  double ratio = 0;  ///< the second's time over the first's
};

/// How the times of one family in one format differ between two tables.
struct Drift {
  std::string family;
  std::string format;
  std::string cache;
  std::size_t points = 0;  ///< that both have
  double median = 0;       ///< of the second's time over the first's: 1.02, the second is 2 % slower
  double p10 = 0;
  double p90 = 0;
  double spread = 0;              ///< median |ratio - 1|
  std::vector<PointRatio> worst;  ///< farthest from 1 first
};

/// Compares what both measured, family by family in the order of their names. Where a table measured a point
/// in several passes, the mean of its medians counts. `worst`: how many points to name.
std::vector<Drift> compare_rows(std::span<const MeasuredRow> before, std::span<const MeasuredRow> after,
                                std::size_t worst = 3);

/// The same between the first and the second pass of one table: its error bar.
std::vector<Drift> compare_passes(std::span<const MeasuredRow> rows, std::size_t worst = 3);

/// For people: a line a family and its worst points.
std::string to_text(std::span<const Drift> drifts);

}  // namespace stagecraft
