#pragma once

#include <vector>

#include "planners/order/rank_queue.h"
#include "planners/order/step_log.h"

namespace stagecraft {

/// How a rank chooses among the steps that it could start. Every setting gives a feasible order; which one
/// gives the best depends on the costs, so the planner tries several.
struct DispatchPolicy {
  /// Where F and I could both start: whichever the rank did not run last; otherwise I.
  bool alternate = false;
  /// F and W may delay a step that is known to arrive while they run (F: an I; W: an I or F) by at most this
  /// many eighths of their own time. Otherwise the rank waits.
  int forward_overlap = 8;
  int weight_overlap = 8;
  /// So long may a rank idle after its first step; once a wait would exceed it, the rank runs W instead, or
  /// without one the F that delays an I.
  Ticks idle_budget = kNever;
  /// By stage: the most micro-batches between their F and their I there. Empty: as memory allows.
  std::vector<std::uint32_t> in_flight;
};

/// Runs the pipeline in time order, every rank choosing its next step when it is free and something could
/// start: list scheduling that looks ahead to the results that are being made elsewhere.
///
/// Free of deadlock under any cap that holds one micro-batch: an F runs only where, with all pending W done
/// and older micro-batches gone, the oldest one that still lacks an F on this rank can get all its memory
/// there (Dijkstra's banker, EWD 108, who serves the micro-batches in order).
class Dispatcher {
 public:
  explicit Dispatcher(const Shop& shop);

  /// O(decisions * (inputs of a rank's stages + square of their number + log ranks)). Ranks decide when they
  /// are free and when something arrives: a few times for every step. Allocates only the result, but for a
  /// longer list of limits than before.
  RankOrders run(const DispatchPolicy& policy);

 private:
  struct Rank {
    Ticks free = 0;
    Ticks idle = 0;  // after its first step
    std::int64_t held = 0;
    std::int64_t pending = 0;  // the part of it that W's whose I is done give back
    StepKind last = kWeight;   // of F and I
    bool begun = false;
  };
  /// What a rank sees when it chooses.
  struct View {
    Ticks now = 0;
    bool has_top = false;
    bool has_weight = false;
    bool starved = false;  // an F is here, and would fit once pending W's are done
    Step top = 0;          // the first choice among F and I
    Step weight = 0;
    Ticks next_input = kNever;  // later arrivals
    Ticks next_forward = kNever;
  };

  void reset();
  void decide(std::size_t rank, Ticks now);
  View look(std::size_t rank, Ticks now) const;
  void look_at_forward(View& view, std::size_t rank, std::size_t stage) const;
  void offer(View& view, Step step, const Rank& rank) const;
  bool admitted(std::size_t rank, std::size_t stage) const;
  bool delays_little(Step step, Ticks now, Ticks until, int eighths) const;
  void start(std::size_t rank, Step step, Ticks time);
  void announce(std::size_t stage, StepKind kind);

  const Shop& shop_;
  DispatchPolicy policy_;
  StepLog log_;  // of what has started: a step's end is known then
  std::vector<Rank> ranks_;
  RankQueue wake_;
  std::vector<std::vector<Step>> made_;
};

}  // namespace stagecraft
