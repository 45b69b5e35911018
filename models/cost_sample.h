#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace stagecraft {

/// One of the sets of true costs that measured ones allow, each as likely as the others. A predicted time is
/// only known to some deviation; a sample gives the factor by which the true one differs. The same question
/// has the same factor wherever it is asked, since what a table says wrongly of a shape it says of every
/// layer and rank that has it; different questions have independent ones.
struct CostSample {
  std::uint64_t seed = 0;
  std::int64_t number = 0;  ///< 0: the prediction itself, every factor 1

  /// exp(deviation z) with z standard normal, by seed, number, `kind` and `query` alone. `deviation`:
  /// standard deviation of the logarithm.
  double factor(std::string_view kind, std::span<const double> query, double deviation) const;
  bool operator==(const CostSample&) const = default;
};

}  // namespace stagecraft
