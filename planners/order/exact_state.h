#pragma once

#include <vector>

#include "planners/order/step_log.h"

namespace stagecraft {

/// A step that could be the next one of its rank.
struct ExactChoice {
  Step step = 0;
  Ticks start = 0;
  Ticks end = 0;
};

/// The first steps of an order, with their times: what the exact search extends and takes back.
class ExactState {
 public:
  explicit ExactState(const Shop& shop);

  void clear();
  void push(const ExactChoice& choice);
  void pop();

  bool complete() const { return stack_.size() == shop_.steps(); }
  /// When the stage's next micro-batch could run this kind of step; kNever where its inputs have not been
  /// run. Memory is not looked at.
  Ticks earliest(Step step) const;
  bool fits(Step forward) const;  ///< whether the rank's memory holds one more F of this stage now

  std::uint32_t done(Step step) const { return log_.done(step); }
  Ticks end(Step step, std::size_t microbatch) const { return log_.end(step, microbatch); }
  Ticks free(std::size_t rank) const { return free_[rank]; }
  bool begun(std::size_t rank) const { return begun_[rank] > 0; }
  Ticks first(std::size_t rank) const { return first_[rank]; }  ///< start of its first step, if begun
  /// A mark that the search may set on a rank: no F before another step has run there.
  bool holds_back(std::size_t rank) const { return held_back_[rank]; }
  void hold_back(std::size_t rank, bool value) { held_back_[rank] = value; }

  RankOrders orders() const;

 private:
  struct Undo {
    Step step = 0;
    Ticks free = 0;
    bool held_back = false;
  };

  const Shop& shop_;
  std::vector<Undo> stack_;
  StepLog log_;
  std::vector<Ticks> free_;  // by rank
  std::vector<Ticks> first_;
  std::vector<std::uint32_t> begun_;  // steps that the rank has run
  std::vector<std::int64_t> held_;
  std::vector<char> held_back_;
};

}  // namespace stagecraft
