#pragma once

#include <cstdint>
#include <vector>

#include "planners/order/exact_state.h"

namespace stagecraft {

/// States that the exact search has been in. Of two with the same steps done, the one whose ranks are free
/// and whose results are ready no later, and for spans whose ranks began no earlier, can be completed at
/// least as well; the other needs no second look.
class ExactMemo {
 public:
  explicit ExactMemo(const Shop& shop);

  void clear();
  /// Whether one of the latest states like this one is at least as good; otherwise remembers this one, while
  /// there is room.
  bool dominated(const ExactState& state);

 private:
  static constexpr std::size_t kBuckets = std::size_t{1} << 20;
  static constexpr std::size_t kMostWords = std::size_t{12} << 20;

  void read(const ExactState& state);
  std::uint64_t hash() const;
  bool covers(std::size_t entry) const;

  const Shop& shop_;
  std::vector<std::uint32_t> heads_;  // by hash: place of the bucket's latest entry + 1; 0: none
  std::vector<std::uint32_t> used_;   // buckets that have an entry
  std::vector<Ticks> words_;          // entries: what heads_ said before, key, times
  std::vector<Ticks> key_;
  std::vector<Ticks> times_;
};

}  // namespace stagecraft
