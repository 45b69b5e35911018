#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace stagecraft {

/// The value below which `share` of the values lie, interpolated between neighbours; 0 where there is none.
inline double quantile_of(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (at - static_cast<double>(below)) * (values[below + 1] - values[below]);
}

}  // namespace stagecraft
