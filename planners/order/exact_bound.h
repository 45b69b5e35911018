#pragma once

#include <vector>

#include "planners/order/exact_state.h"

namespace stagecraft {

/// Whether the first steps of an order can still be completed by a time.
class ExactBound {
 public:
  explicit ExactBound(const Shop& shop);

  /// False where no completion keeps the objective at `target` or below. True proves nothing.
  ///
  /// Sweeps the micro-batches in order and gives every missing F and I its earliest time: after its inputs,
  /// after the steps that its rank must run first (all F and I from some F on pass one machine), and after
  /// the I that must free its memory. Then each rank must fit what remains between any of these times and its
  /// deadline. O(steps * stages per rank).
  bool feasible(const ExactState& state, Ticks target);

 private:
  void sweep(const ExactState& state, std::size_t microbatch);
  Ticks forward_start(const ExactState& state, std::uint32_t stage, std::size_t microbatch) const;
  Ticks input_start(const ExactState& state, std::uint32_t stage, std::size_t microbatch) const;
  bool rank_fits(const ExactState& state, std::size_t rank, Ticks deadline);
  Ticks deadline(const ExactState& state, std::size_t rank, Ticks target) const;
  Ticks time(std::size_t stage, StepKind kind) const { return shop_.duration[3 * stage + kind]; }
  std::size_t slot(std::size_t stage, std::size_t j) const { return stage * shop_.microbatches + j; }

  /// Work that cannot begin before `from`.
  struct Piece {
    Ticks from = 0;
    Ticks work = 0;
  };

  const Shop& shop_;
  std::vector<std::int64_t> most_;  // by stage: micro-batches that the cap holds at once
  std::vector<Ticks> forward_;      // earliest starts of F, by slot
  std::vector<Ticks> input_;        // of I
  std::vector<Ticks> flow_;         // by stage: end of the F and I of all micro-batches so far
  std::vector<Piece> pieces_;
};

}  // namespace stagecraft
