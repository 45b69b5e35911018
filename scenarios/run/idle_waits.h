#pragma once

#include <string>
#include <vector>

#include "sim/timeline/timeline.h"

namespace stagecraft {

/// What a rank waits for most: results of one kind of op of one stage, all micro-batches together.
struct Waits {
  int rank = 0;
  BubbleCause cause = BubbleCause::Tail;
  std::string waits_for;  ///< "1F of micro-batch 3" where it is one, "1F of 5 micro-batches"; empty: nothing
  Duration time{0};
};

/// Of every rank with idle time the three longest, the longest first. REQUIRES: timeline.bubbles, by rank.
/// O(bubbles log micro-batches).
std::vector<Waits> waits_of(const Timeline& timeline);

/// "link: 1F of 5 micro-batches on the way".
std::string in_words(const Waits& wait);

}  // namespace stagecraft
