#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "planners/order/shop.h"

namespace stagecraft {

/// The ranks by a time each, the earliest first and of equal ones the lowest: a winner tree.
class RankQueue {
 public:
  explicit RankQueue(std::size_t ranks)
      : leaves_(std::bit_ceil(ranks + 1)), time_(leaves_, kNever), winner_(2 * leaves_) {
    for (std::size_t i = 0; i < leaves_; ++i) winner_[leaves_ + i] = static_cast<std::uint32_t>(i);
    for (std::size_t at = leaves_; at-- > 1;) play(at);
  }

  std::size_t first() const { return winner_[1]; }
  Ticks first_time() const { return time_[winner_[1]]; }
  Ticks time(std::size_t rank) const { return time_[rank]; }

  /// O(log ranks).
  void set(std::size_t rank, Ticks time) {
    time_[rank] = time;
    for (std::size_t at = (leaves_ + rank) / 2; at > 0; at /= 2) play(at);
  }

 private:
  void play(std::size_t at) {
    const std::uint32_t left = winner_[2 * at];
    const std::uint32_t right = winner_[2 * at + 1];
    winner_[at] = time_[right] < time_[left] ? right : left;
  }

  std::size_t leaves_;
  std::vector<Ticks> time_;
  std::vector<std::uint32_t> winner_;
};

}  // namespace stagecraft
