#pragma once

#include <algorithm>
#include <vector>

#include "planners/order/shop.h"

namespace stagecraft {

/// Which steps of a pipeline have been run, and when each ended.
class StepLog {
 public:
  explicit StepLog(const Shop& shop) : shop_(shop), done_(3 * shop.stages), end_(shop.steps()) {}

  void clear() { std::fill(done_.begin(), done_.end(), 0u); }
  /// The step's next micro-batch has been run. REQUIRES: one is left.
  void add(Step step, Ticks end) { end_[step * shop_.microbatches + done_[step]++] = end; }
  void take_back(Step step) { --done_[step]; }

  std::uint32_t done(Step step) const { return done_[step]; }  ///< micro-batches
  Ticks end(Step step, std::size_t microbatch) const { return end_[step * shop_.microbatches + microbatch]; }

  /// When the inputs of the step's next micro-batch from other stages are here, 0 where it needs none; kNever
  /// where one of them, or the step before it on its own stage, has not been run, or no micro-batch is left.
  /// What its own rank has run has ended when the rank is free. O(inputs).
  Ticks ready(Step step) const {
    const std::size_t stage = stage_of(step);
    const StepKind kind = kind_of(step);
    const std::size_t next = done_[step];
    if (next >= shop_.microbatches || (kind != kForward && done_[step - 1] <= next)) return kNever;
    Ticks time = 0;
    if (kind == kWeight) return time;
    for (const ShopInput& input : kind == kForward ? shop_.into_forward(stage) : shop_.into_input(stage)) {
      const Step made = 3 * input.stage + kind;
      if (done_[made] <= next) return kNever;
      time = std::max(time, end(made, next) + input.hop);
    }
    return time;
  }

 private:
  const Shop& shop_;
  std::vector<std::uint32_t> done_;  // by step
  std::vector<Ticks> end_;           // by step, then micro-batch
};

}  // namespace stagecraft
