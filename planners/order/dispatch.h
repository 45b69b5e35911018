#pragma once

#include <vector>

#include "planners/order/shop.h"

namespace stagecraft {

/// Which of F and I goes first where both could start.
enum class Preference : std::uint8_t {
  Input,      ///< I: frees memory, and ranks before this one wait for it
  Forward,    ///< F, as long as memory holds it
  Alternate,  ///< whichever kind the rank did not run last
  Target,     ///< the one that comes first in a building block repeated every period
};

/// How a rank chooses among the steps that it could start. Every setting gives a feasible order; which one
/// gives the best depends on the costs, so the planner tries many.
struct DispatchPolicy {
  Preference prefer = Preference::Input;
  /// Among several stages of a rank: the F furthest down the flow first; otherwise the F furthest up.
  bool deep_forward = true;
  /// Starting F may delay an I that is known to arrive during it by at most this many eighths of F; W likewise
  /// any F or I. Otherwise the rank waits.
  int forward_overlap = 8;
  int weight_overlap = 0;
  /// Time after its first step that a rank may idle in all; once that would be exceeded, it runs W instead.
  Ticks idle_budget = kNever;
  /// By stage: the most micro-batches between their F and their I there; empty: as memory allows.
  std::vector<std::uint32_t> in_flight;
  std::vector<Ticks> target;  ///< by step: when micro-batch 0 runs it in the building block
  Ticks period = 0;
  Ticks weight_lag = 0;       ///< W goes before F and I that come so much later in the block; kNever: never
  Ticks pace = 0;  ///< at least so long from one micro-batch's first F to the next one's
};

/// Runs the pipeline in time order, every rank choosing its next step when it is free and something could
/// start: list scheduling with look-ahead over what has started elsewhere.
///
/// Free of deadlock under any cap that holds one micro-batch: an F runs only where, with all pending W done
/// and older micro-batches gone, the oldest one that still lacks an F on this rank can get all its memory
/// there (the banker's rule of Dijkstra, EWD 108, with the micro-batches in order).
class Dispatcher {
 public:
  explicit Dispatcher(const Shop& shop);

  /// O(steps * (inputs + stages per rank + log ranks)), allocates only the result.
  RankOrders run(const DispatchPolicy& policy);

 private:
  struct Choice {
    Step step = 0;
    Ticks start = kNever;  // kNever: nothing to start
  };
  struct Rank {
    Ticks free = 0;
    Ticks wake = 0;   // when it looks for work next
    Ticks idle = 0;   // after its first step
    std::int64_t held = 0;
    std::int64_t pending = 0;  // of that, freed by the W whose I is done
    std::uint32_t last = kWeight;
    bool begun = false;
  };

  void reset();
  std::size_t earliest() const { return tree_[1]; }
  void set_wake(std::size_t rank, Ticks time);
  void decide(std::size_t rank, Ticks now);
  Ticks arrival(Step step) const;
  bool admitted(std::size_t rank, std::size_t stage, Ticks now);
  bool safe(std::size_t rank, std::size_t stage) const;
  void start(std::size_t rank, Step step, Ticks time);
  void announce(std::size_t stage, StepKind kind, Ticks end);
  bool before(Step a, Step b, const Rank& rank) const;
  Ticks due(Step step) const { return policy_.target[step] + policy_.period * static_cast<Ticks>(done_[step]); }

  const Shop& shop_;
  DispatchPolicy policy_;
  std::vector<Ticks> end_;           // by step, then micro-batch: F and I
  std::vector<std::uint32_t> done_;  // by step: started, in fact
  std::vector<Rank> ranks_;
  std::vector<std::uint32_t> tree_;  // winner tree over the ranks' wake
  std::vector<std::vector<Step>> made_;
  Ticks last_injection_ = 0;
};

}  // namespace stagecraft
