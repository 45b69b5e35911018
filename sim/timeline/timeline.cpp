#include "sim/timeline/timeline.h"

#include <array>

namespace stagecraft {

namespace {

constexpr std::array<BubbleCauseInfo, kBubbleCauses> kCauses{{
    {BubbleCause::WarmUp, "warm_up", "warm-up", "before the rank's first op, while the pipeline fills"},
    {BubbleCause::Drain, "drain", "drain",
     "after the rank's last forward, waiting for a gradient while the pipeline empties"},
    {BubbleCause::Dependency, "dependency", "dependency",
     "in the steady phase, waiting for an op of a rank with no more work than this one"},
    {BubbleCause::Imbalance, "imbalance", "imbalance",
     "in the steady phase, waiting for an op of a rank with more work than this one"},
    {BubbleCause::Link, "link", "link", "the missing input is made and on the link"},
    {BubbleCause::Tail, "tail", "tail", "after the rank's last op, until the last rank is done"},
}};

}  // namespace

std::span<const BubbleCauseInfo> bubble_causes() {
  return kCauses;
}

}  // namespace stagecraft
