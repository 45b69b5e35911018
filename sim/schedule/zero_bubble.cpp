// Handcrafted zero-bubble schedules. Qi et al., "Zero Bubble Pipeline Parallelism", ICLR 2024 (arXiv
// 2401.10241), section 2.2 and figures 2 and 3.
#include <algorithm>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// One rank's list: how many of each kind it has so far.
class Rank {
 public:
  Rank(Schedule& schedule, int stage, int microbatches)
      : schedule_(schedule), stage_(stage), microbatches_(microbatches) {}

  int inputs() const { return input_; }
  bool more_forwards() const { return forward_ < microbatches_; }
  bool more_inputs() const { return input_ < microbatches_; }

  void forward() { push(OpKind::Forward, forward_); }
  void input() { push(OpKind::InputGradient, input_); }
  /// A weight gradient whose input gradient is there.
  void weight() {
    if (weight_ < input_) push(OpKind::WeightGradient, weight_);
  }
  void rest() {
    while (weight_ < microbatches_) push(OpKind::WeightGradient, weight_);
    schedule_.close_rank();
  }

 private:
  void push(OpKind kind, int& next) { schedule_.ops.push_back(make_op(kind, stage_, next++)); }

  Schedule& schedule_;
  int stage_;
  int microbatches_;
  int forward_ = 0;
  int input_ = 0;
  int weight_ = 0;
};

Schedule reserved(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.ops.reserve(3 * static_cast<std::size_t>(shape.ranks) *
                       static_cast<std::size_t>(shape.microbatches));
  return schedule;
}

/// Warms up, then alternates; a weight gradient follows each input gradient once `delay` of these are done,
/// so that no more than `delay` wait for theirs.
void one_rank(Rank& rank, int warmup, int delay) {
  for (int i = 0; i < warmup && rank.more_forwards(); ++i) rank.forward();
  while (rank.more_inputs()) {
    if (rank.more_forwards()) rank.forward();
    rank.input();
    if (rank.inputs() > delay) rank.weight();
  }
  rank.rest();
}

}  // namespace

Schedule zb_h1(const ScheduleShape& shape) {
  Schedule schedule = reserved(shape);
  for (int r = 0; r < shape.ranks; ++r) {
    Rank rank(schedule, r, shape.microbatches);
    one_rank(rank, shape.ranks - 1 - r, r);
  }
  return schedule;
}

Schedule zb_h2(const ScheduleShape& shape) {
  Schedule schedule = reserved(shape);
  for (int r = 0; r < shape.ranks; ++r) {
    Rank rank(schedule, r, shape.microbatches);
    for (int i = 0; i < 2 * (shape.ranks - r) - 1 && rank.more_forwards(); ++i) rank.forward();
    while (rank.more_inputs()) {
      rank.input();
      if (rank.inputs() > 2 * r) rank.weight();
      if (rank.more_forwards()) rank.forward();
    }
    rank.rest();
  }
  return schedule;
}

}  // namespace stagecraft
