#pragma once

#include <span>
#include <string>
#include <vector>

#include "profiles/raw_rows.h"

namespace stagecraft {

/// Measured rows and the file that they are from.
struct NamedRows {
  std::string name;
  RawRows raw;
};

/// How far sources differ in the points of one family and format that several of them have. A point's spread
/// is (largest - smallest) / median of the sources' times.
struct MergeSpread {
  std::string family;
  std::string format;
  std::size_t points = 0;  ///< that several sources have
  double median = 0;       ///< of the points' spreads, 0.02: 2 %
  double worst = 0;
  std::string worst_point;
};

struct MergedRows {
  RawRows raw;  ///< sorted by suite, family, format, point and cache
  std::vector<MergeSpread> spreads;
};

/// All rows of several files as one. A point that several files have (family, format, axes and cache are the
/// same) becomes one row: the median of the files' medians; its p10 is the smallest of theirs and its p90 the
/// largest, so that the row says how far they differ. Passes of one file count as their median. Rows that
/// only watch the device drift are left out. The header's source lists the files with who measured them and
/// when. Throws InputError where the files are of different devices, which it names. REQUIRES: sources.
MergedRows merge_rows(std::span<const NamedRows> sources, const std::string& command);

/// For people: a line a family.
std::string to_text(std::span<const MergeSpread> spreads);

}  // namespace stagecraft
