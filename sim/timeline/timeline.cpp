#include "sim/timeline/timeline.h"

#include <array>

namespace stagecraft {

namespace {

constexpr std::array<BubbleCauseInfo, kBubbleCauses> kCauses{{
    {BubbleCause::WarmUp, "warm_up", "warm-up", "until the rank's first backward, while the pipeline fills"},
    {BubbleCause::Drain, "drain", "drain",
     "after the rank's last forward, waiting for a gradient while the pipeline empties"},
    {BubbleCause::Dependency, "dependency", "dependency",
     "between warm-up and drain, the rest: waiting for another rank's op that the order puts too late"},
    {BubbleCause::Imbalance, "imbalance", "imbalance",
     "between warm-up and drain, as much waiting as the busiest rank computes more than this one: more even "
     "stages would remove it, another order would not"},
    {BubbleCause::Link, "link", "link", "the missing input is made and on the link"},
    {BubbleCause::Tail, "tail", "tail", "after the rank's last op, until the last rank is done"},
}};

}  // namespace

std::span<const BubbleCauseInfo> bubble_causes() {
  return kCauses;
}

}  // namespace stagecraft
