#include "profiles/capture/overhead_windows.h"

#include <algorithm>

namespace stagecraft {

OverheadWindows::OverheadWindows(const std::vector<OverheadSpan>& overheads) {
  std::vector<Window> all;
  for (const OverheadSpan& overhead : overheads)
    if (overhead.end_ns > overhead.start_ns) all.push_back({overhead.start_ns, overhead.end_ns});
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.start_ns < b.start_ns; });
  for (const Window& window : all) {
    if (windows_.empty() || window.start_ns > windows_.back().end_ns)
      windows_.push_back(window);
    else
      windows_.back().end_ns = std::max(windows_.back().end_ns, window.end_ns);
  }
}

bool OverheadWindows::overlap(std::uint64_t start_ns, std::uint64_t end_ns) const {
  const auto after = std::partition_point(windows_.begin(), windows_.end(),
                                          [&](const Window& w) { return w.end_ns <= start_ns; });
  return after != windows_.end() && after->start_ns < end_ns;
}

}  // namespace stagecraft
