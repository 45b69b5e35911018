#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "profiles/raw_rows.h"

namespace stagecraft {

/// One operator call to measure.
struct SuitePoint {
  std::string family;
  std::string format;
  Axes axes;
  std::string cache = "cold";

  std::int64_t at(std::string_view axis) const;  ///< 0 where it has no such axis
};

/// A set of points that are measured by one process.
struct SuiteInfo {
  std::string_view name;
  std::string_view summary;
  std::vector<SuitePoint> (*points)(bool quick);
};

/// gemm, attention, bandwidth, copies, launch, interference, layer, decode-loop.
std::span<const SuiteInfo> suites();
const SuiteInfo* find_suite(std::string_view name);

/// The points in the random order of a pass: the same for everyone, different for each pass, so that what
/// changes with time does not look as if it changed with size. What a time limit cuts off is a random sample.
std::vector<SuitePoint> in_order(std::vector<SuitePoint> points, int pass);

/// Weight matrices of the catalog's models under tensor parallelism 1, 2, 4 and 8, each once.
struct WeightShape {
  std::int64_t out = 0;  ///< features out: n of the forward product
  std::int64_t in = 0;   ///< features in: k
  auto operator<=>(const WeightShape&) const = default;
};
std::vector<WeightShape> weight_shapes(bool quick);

/// Query heads, key-value heads and head dimension of the same, of one device.
struct HeadShape {
  std::int64_t q_heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  auto operator<=>(const HeadShape&) const = default;
};
std::vector<HeadShape> head_shapes(bool quick);

}  // namespace stagecraft
