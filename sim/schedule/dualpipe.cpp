// DualPipe and DualPipeV. DeepSeek-AI, "DeepSeek-V3 Technical Report", arXiv 2412.19437, section 3.2.1 and
// figure 5; the steps' counts as in deepseek-ai/DualPipe.
#include <algorithm>
#include <vector>

#include "sim/schedule/communication.h"
#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// One of the two stages that a rank runs in turns. The near side is the one whose forward comes first.
struct Side {
  int stage = 0;
  int replica = 0;
  int first = 0;               ///< its micro-batches are first, first + 1, ...
  bool remote_before = false;  ///< whether another rank has the stage before
  bool remote_after = false;   ///< whether another rank has the stage behind
  int done[2] = {0, 0};        ///< forwards and backwards
  int received[2] = {0, 0};    ///< inputs of forwards, and of backwards
  int sent[2] = {0, 0};        ///< results of forwards, and of backwards

  Op op(OpKind kind, int index) const {
    Op op = make_op(kind, stage, first + index);
    op.replica = static_cast<std::uint8_t>(replica);
    return op;
  }
  Op next(OpKind kind) { return op(kind, done[kind != OpKind::Forward]++); }
};

/// How far a rank is from the turn of its V, where forwards become backwards.
struct Depth {
  int before = 0;  ///< ranks further from the turn than this one
  int after = 0;   ///< ranks nearer to it
};

/// What a rank does. `rounds` micro-batches pass each side in all.
class Rank {
 public:
  Rank(Side near, Side far, Depth depth, int rounds)
      : near_(near), far_(far), depth_(depth), rounds_(rounds) {}

  /// In `buffer`, which ranks may hand on to each other: fresh memory costs more than what is written to it.
  std::vector<Action> run(std::vector<Action> buffer = {}) {
    actions_ = std::move(buffer);
    actions_.clear();
    warm_up();
    steady();
    drain();
    return std::move(actions_);
  }

 private:
  bool at_turn() const { return depth_.after == 0; }

  void warm_up() {
    repeat(2 * depth_.after, [&] {
      receive_forward(near_);
      push(near_.next(OpKind::Forward));
      send_forward(near_);
    });
    receive_forward(near_);
    repeat(depth_.before + 1, [&] { forwards(near_.done[0] < 2 * depth_.after + depth_.before); });
    repeat(depth_.after, [&] {
      backward(far_, OpKind::InputGradient);
      receive_forward(far_);
      weight_gradient();
      push(far_.next(OpKind::Forward));
      send_forward(far_);
    });
  }
  /// One forward of each side; the near one's input is there, that of the next one is asked for.
  void forwards(bool more) {
    push(near_.next(OpKind::Forward));
    if (at_turn()) send_forward(near_);
    receive_forward(near_);
    receive_forward(far_);
    push(far_.next(OpKind::Forward));
    if (more || !at_turn()) send_forward(far_);
    if (!at_turn()) send_forward(near_);
  }

  void steady() {
    first_pair();
    fused(far_, near_);
    const int pairs = rounds_ - 2 * depth_.after - depth_.before - 1;
    for (int i = 1; i < pairs; ++i) {
      receive_forward(near_);
      fused(near_, far_, true);
      fused(far_, near_);
    }
    repeat(depth_.after, [&] {
      backward(far_, OpKind::Backward);
      fused(far_, near_);
    });
  }
  /// The rank at the turn has just made this backward's input: nothing to hide behind yet.
  void first_pair() {
    if (!at_turn()) return fused(near_, far_, true);
    push(near_.next(OpKind::Forward));
    send_forward(far_);
    receive_backward(far_);
    push(far_.next(OpKind::Backward));
    send_forward(near_);
    send_backward(far_);
  }

  void drain() {
    const int backwards = 2 * (depth_.before + 1);
    for (int i = 0; i < backwards; ++i)
      backward(i % 2 == 0 ? far_ : near_, i < backwards / 2 ? OpKind::Backward : OpKind::InputGradient);
    repeat(depth_.after, [&] {
      weight_gradient();
      backward(near_, OpKind::InputGradient);
    });
    repeat(depth_.before + 1, [&] { weight_gradient(); });
  }

  void fused(Side& ahead, Side& back, bool received = false) {
    if (!received) receive_forward(ahead);
    receive_backward(back);
    const Op first = ahead.next(OpKind::Forward);
    push(fuse(first, back.next(OpKind::Backward)));
    send_forward(ahead);
    send_backward(back);
  }
  void backward(Side& side, OpKind kind) {
    receive_backward(side);
    const Op op = side.next(kind);
    push(op);
    if (kind == OpKind::InputGradient) waiting_.push_back(op);
    send_backward(side);
  }
  /// Of the input gradient that has waited longest.
  void weight_gradient() {
    Op op = waiting_[weights_++];
    op.kind = OpKind::WeightGradient;
    push(op);
  }
  void push(const Op& op) { actions_.push_back({ActionKind::Compute, op}); }

  void receive_forward(Side& side) {
    const int index = side.received[0]++;
    if (side.remote_before && index < rounds_)
      actions_.push_back({ActionKind::ReceiveForward, side.op(OpKind::Forward, index)});
  }
  void receive_backward(Side& side) {
    const int index = side.received[1]++;
    if (side.remote_after)
      actions_.push_back({ActionKind::ReceiveBackward, side.op(OpKind::Backward, index)});
  }
  void send_forward(Side& side) {
    const int index = side.sent[0]++;
    if (side.remote_after) actions_.push_back({ActionKind::SendForward, side.op(OpKind::Forward, index)});
  }
  void send_backward(Side& side) {
    const int index = side.sent[1]++;
    if (side.remote_before) actions_.push_back({ActionKind::SendBackward, side.op(OpKind::Backward, index)});
  }

  template <class Step>
  static void repeat(int times, Step step) {
    for (int i = 0; i < times; ++i) step();
  }

  Side near_;
  Side far_;
  Depth depth_;
  int rounds_;
  std::vector<Action> actions_;
  std::vector<Op> waiting_;  // input gradients, the first `weights_` of which have their weight gradient
  std::size_t weights_ = 0;
};

Rank dualpipe_rank(const ScheduleShape& shape, int rank) {
  const int half = shape.ranks / 2;
  const int rounds = shape.microbatches / 2;
  const int direction = rank < half ? 0 : 1;  // the one that enters the pipeline on this half of the ranks
  const int before = std::min(rank, shape.ranks - 1 - rank);
  const Side near{.stage = before,
                  .replica = direction,
                  .first = direction * rounds,
                  .remote_before = before > 0,
                  .remote_after = true};
  const Side far{.stage = shape.ranks - 1 - before,
                 .replica = 1 - direction,
                 .first = (1 - direction) * rounds,
                 .remote_before = true,
                 .remote_after = before > 0};
  return Rank(near, far, {.before = before, .after = half - 1 - before}, rounds);
}

Rank dualpipe_v_rank(const ScheduleShape& shape, int rank) {
  const int after = shape.ranks - 1 - rank;
  const Side near{.stage = rank, .remote_before = rank > 0, .remote_after = after > 0};
  const Side far{.stage = 2 * shape.ranks - 1 - rank, .remote_before = after > 0, .remote_after = rank > 0};
  return Rank(near, far, {.before = rank, .after = after}, shape.microbatches);
}

RankActions actions_of(const ScheduleShape& shape, Rank (*rank_of)(const ScheduleShape&, int)) {
  RankActions result;
  for (int rank = 0; rank < shape.ranks; ++rank) result.push_back(rank_of(shape, rank).run());
  return result;
}

Schedule computing(const ScheduleShape& shape, Rank (*rank_of)(const ScheduleShape&, int)) {
  Schedule schedule;
  std::vector<Action> actions;
  for (int rank = 0; rank < shape.ranks; ++rank) {
    actions = rank_of(shape, rank).run(std::move(actions));
    for (const Action& action : actions)
      if (action.kind == ActionKind::Compute) schedule.ops.push_back(action.op);
    schedule.close_rank();
  }
  return schedule;
}

}  // namespace

Schedule dualpipe(const ScheduleShape& shape) {
  return computing(shape, dualpipe_rank);
}
Schedule dualpipe_v(const ScheduleShape& shape) {
  return computing(shape, dualpipe_v_rank);
}
RankActions dualpipe_actions(const ScheduleShape& shape) {
  return actions_of(shape, dualpipe_rank);
}
RankActions dualpipe_v_actions(const ScheduleShape& shape) {
  return actions_of(shape, dualpipe_v_rank);
}

}  // namespace stagecraft
