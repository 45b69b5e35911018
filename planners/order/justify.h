#pragma once

#include <vector>

#include "planners/order/rank_queue.h"
#include "planners/order/step_log.h"

namespace stagecraft {

/// Shortens a feasible order by justification: all steps move as late as the deadlines allow, latest first,
/// then as early as possible, earliest first, each into the first gap of its rank that it fits. Gaps at both
/// ends close, memory stays under the caps, and no rank ends later than before.
///
/// The backward half is the forward one on the pipeline in reversed time, where W comes first and takes M_W,
/// then I takes M_B - M_W, and F gives M_B back.
class Justifier {
 public:
  explicit Justifier(const Shop& shop);

  /// One round, backward and forward. REQUIRES: `orders` complete, free of deadlock and within the caps. Time
  /// O(steps * (inputs + log ranks + gaps that a search passes)).
  RankOrders round(const RankOrders& orders);

 private:
  struct Input {
    std::uint32_t step = 0;
    Ticks hop = 0;
  };
  /// The pipeline in one direction of time, by step.
  struct Direction {
    std::vector<Input> inputs;
    std::vector<std::size_t> begin{0};
    std::vector<std::int64_t> taken;
    std::vector<std::int64_t> given;

    void close(std::int64_t change);
  };
  struct Placed {
    Ticks start = 0;
    Ticks end = 0;
    std::int64_t peak = 0;   // held while it runs
    std::int64_t after = 0;  // held when it has run
    Step step = 0;
  };
  struct Gap {
    Ticks start = 0;
    Ticks end = 0;
  };
  /// What has been placed on a rank, by time.
  struct Line {
    std::vector<Placed> steps;
    std::vector<Gap> gaps;  // those that its shortest step fits
    Ticks shortest = 0;
    bool bound = false;  // all micro-batches at once would not fit its cap
  };
  static constexpr std::size_t kNoGap = static_cast<std::size_t>(-1);

  void make_forward();
  void make_backward();
  void time(const RankOrders& orders);
  bool time_next(std::size_t rank, Step step);
  void set_deadlines();
  void turn_around();
  void place_all(const Direction& direction);
  void place_next(const Direction& direction, Step step);
  std::size_t find_gap(const Line& line, Ticks duration, Ticks ready, std::int64_t room) const;
  void insert(Line& line, std::size_t gap, const Placed& placed, std::int64_t taken, std::int64_t given);
  Ticks ready(const Direction& direction, Step step) const;

  const Shop& shop_;
  std::vector<Ticks> duration_;  // at least 1 ns, so that every step has its place in time
  Direction forward_;
  Direction backward_;
  std::vector<Ticks> release_;  // by rank, in the direction at hand
  StepLog log_;                 // in the direction at hand
  std::vector<Line> ranks_;
  std::vector<std::vector<Placed>> before_;  // the schedule that is being justified, turned around
  std::vector<std::size_t> position_;        // by rank, in before_
  Ticks horizon_ = 0;
  RankQueue queue_;
};

}  // namespace stagecraft
