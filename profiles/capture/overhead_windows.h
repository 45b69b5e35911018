#pragma once

#include <cstdint>
#include <vector>

#include "profiles/capture/records.h"

namespace stagecraft {

/// When CUPTI was at work, as disjoint windows in order, so that one binary search answers for any number.
class OverheadWindows {
 public:
  explicit OverheadWindows(const std::vector<OverheadSpan>& overheads);

  /// Whether CUPTI was at work at some time of [start_ns, end_ns).
  bool overlap(std::uint64_t start_ns, std::uint64_t end_ns) const;

 private:
  struct Window {
    std::uint64_t start_ns;
    std::uint64_t end_ns;
  };

  std::vector<Window> windows_;
};

}  // namespace stagecraft
