// ZB-V. Qi et al., "Pipeline Parallelism with Controllable Memory", NeurIPS 2024 (arXiv 2405.15362), section
// 3, and "Zero Bubble Pipeline Parallelism", ICLR 2024, section 6: two chunks of a rank in V placement.
#include <algorithm>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// One rank's list. Chunk 0 is stage `rank`, chunk 1 stage 2p-1-`rank`.
class Rank {
 public:
  Rank(Schedule& schedule, const ScheduleShape& shape, int rank)
      : schedule_(schedule), stages_{rank, 2 * shape.ranks - 1 - rank}, microbatches_(shape.microbatches) {}

  bool more_forwards(int chunk) const { return forward_[chunk] < microbatches_; }

  void forward(int chunk) { push(OpKind::Forward, chunk, forward_[chunk], microbatches_); }
  /// Of a micro-batch whose forward has been.
  void input(int chunk) { push(OpKind::InputGradient, chunk, input_[chunk], forward_[chunk]); }
  void weight(int chunk) { push(OpKind::WeightGradient, chunk, weight_[chunk], input_[chunk]); }
  void both(int chunk) {
    input(chunk);
    weight(chunk);
  }
  void rest(int chunk) {
    while (weight_[chunk] < input_[chunk]) weight(chunk);
  }

 private:
  void push(OpKind kind, int chunk, int& next, int limit) {
    if (next < limit) schedule_.ops.push_back(make_op(kind, stages_[chunk], next++));
  }

  Schedule& schedule_;
  int stages_[2];
  int microbatches_;
  int forward_[2] = {0, 0};
  int input_[2] = {0, 0};
  int weight_[2] = {0, 0};
};

template <class Action>
void repeat(int times, Action action) {
  for (int i = 0; i < times; ++i) action();
}

}  // namespace

Schedule zb_v(const ScheduleShape& shape) {
  Schedule schedule;
  schedule.ops.reserve(6 * static_cast<std::size_t>(shape.ranks) *
                       static_cast<std::size_t>(shape.microbatches));
  for (int r = 0; r < shape.ranks; ++r) {
    Rank rank(schedule, shape, r);
    const int below = shape.ranks - r;
    repeat(2 * below - 1, [&] { rank.forward(0); });
    repeat(r, [&] {
      rank.forward(1);
      rank.forward(0);
    });
    repeat(below, [&] {
      rank.forward(1);
      rank.both(1);
    });
    while (rank.more_forwards(1)) {
      rank.forward(0);
      rank.both(0);
      rank.forward(1);
      rank.both(1);
    }
    repeat(r, [&] {
      rank.input(0);
      rank.input(1);
    });
    repeat(below, [&] { rank.both(0); });
    rank.rest(1);
    rank.rest(0);
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace stagecraft
