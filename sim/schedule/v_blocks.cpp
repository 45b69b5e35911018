// V-Half and V-Min. Qi et al., "Pipeline Parallelism with Controllable Memory", NeurIPS 2024 (arXiv
// 2405.15362), section 3: a building block, where every rank runs both of its chunks of one micro-batch, is
// repeated every 6 slots; how soon a rank's backwards follow its forwards decides what it holds.
#include <algorithm>
#include <array>
#include <queue>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

constexpr int kPeriod = 6;  // F, I and W of two chunks

/// Slots of one micro-batch's ops on a rank: forward of the near and of the far chunk, input gradient of the
/// far and of the near one.
using Block = std::array<int, 4>;

Block half_block(int p, int rank) {
  const int shift = p % 2 == 0 ? 3 : 0;  // keeps the four ops of a rank in different slots of the period
  return {2 * rank, 3 * p - 2 - rank, 3 * p + shift + 2 * rank - 1, 6 * p + shift - rank - 2};
}
Block min_block(int p, int rank) {
  const int shift = p % 3 == 0 ? 2 : 0;
  return {rank, 2 * p - 1 - rank, 2 * p + shift + rank, 4 * p + shift - 1 - rank};
}

/// The block repeated: forwards and input gradients of a rank in the order of their slots.
std::vector<Op> repeated(const ScheduleShape& shape, const Block& block, int rank) {
  const int near = rank, far = 2 * shape.ranks - 1 - rank;
  const Op ops[4] = {make_op(OpKind::Forward, near), make_op(OpKind::Forward, far),
                     make_op(OpKind::InputGradient, far), make_op(OpKind::InputGradient, near)};
  std::vector<std::pair<int, Op>> at;
  for (int m = 0; m < shape.microbatches; ++m)
    for (std::size_t k = 0; k < 4; ++k) {
      at.emplace_back(block[k] + kPeriod * m, ops[k]);
      at.back().second.microbatch = static_cast<std::uint32_t>(m);
    }
  std::sort(at.begin(), at.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Op> order;
  for (const auto& [slot, op] : at) order.push_back(op);
  return order;
}

/// How many micro-batches of a chunk are between slots `begin` and `end` of their block at slot `now` of any
/// period.
int alive(int begin, int end, int now) {
  const auto periods = [&](int since) { return (now - since + 1000 * kPeriod) / kPeriod; };
  return periods(begin % kPeriod) - periods(end % kPeriod) + end / kPeriod - begin / kPeriod;
}

/// The most chunks that a rank holds where each weight gradient stands in the first free slot of the period
/// behind its input gradient.
int held_in_block(const Block& block) {
  std::array<bool, kPeriod> taken{};
  for (const int slot : block) taken[static_cast<std::size_t>(slot % kPeriod)] = true;
  std::array<int, kPeriod> held{};
  for (const auto& [forward, gradient] : {std::pair(block[1], block[2]), std::pair(block[0], block[3])}) {
    int weight = gradient + 1;
    while (taken[static_cast<std::size_t>(weight % kPeriod)]) ++weight;
    taken[static_cast<std::size_t>(weight % kPeriod)] = true;
    for (int now = 0; now < kPeriod; ++now)
      held[static_cast<std::size_t>(now)] += alive(forward, weight + 1, now);
  }
  return *std::max_element(held.begin(), held.end());
}

/// Runs all ranks slot by slot: the fixed order as soon as it can run, and weight gradients where the rank
/// would wait, or where it holds as much as it may.
class Squeezer {
 public:
  Squeezer(const ScheduleShape& shape, std::vector<std::vector<Op>> orders, std::vector<int> most_held)
      : shape_(shape), orders_(std::move(orders)), most_held_(std::move(most_held)), ranks_(orders_.size()) {
    const auto slots =
        static_cast<std::size_t>(shape.stages()) * static_cast<std::size_t>(shape.microbatches);
    forward_done_.assign(slots, false);
    gradient_done_.assign(slots, false);
  }

  Schedule run() {
    for (bool more = true; more;) {
      more = false;
      for (std::size_t r = 0; r < ranks_.size(); ++r) more |= run_slot(r);
      for (const Op& op : ran_) done(op.kind)[slot(op.stage, op)] = true;
      ran_.clear();
    }
    Schedule schedule;
    for (const Rank& rank : ranks_) {
      schedule.ops.insert(schedule.ops.end(), rank.ops.begin(), rank.ops.end());
      schedule.close_rank();
    }
    return schedule;
  }

 private:
  struct Rank {
    std::size_t next = 0;
    std::queue<Op> weights;  // that can run
    int held = 0;
    std::vector<Op> ops;
  };

  std::size_t slot(std::size_t stage, const Op& op) const {
    return stage * static_cast<std::size_t>(shape_.microbatches) + op.microbatch;
  }
  std::vector<bool>& done(OpKind kind) { return kind == OpKind::Forward ? forward_done_ : gradient_done_; }
  bool ready(const Op& op) const {
    if (op.kind == OpKind::Forward) return op.stage == 0 || forward_done_[slot(op.stage - 1u, op)];
    if (op.stage + 1 == shape_.stages()) return forward_done_[slot(op.stage, op)];
    return gradient_done_[slot(op.stage + 1u, op)];
  }

  /// False where the rank has nothing left.
  bool run_slot(std::size_t r) {
    Rank& rank = ranks_[r];
    const std::vector<Op>& order = orders_[r];
    const bool left = rank.next < order.size();
    if (!left && rank.weights.empty()) return false;
    if (left && ready(order[rank.next]) &&
        (order[rank.next].kind != OpKind::Forward || rank.held < most_held_[r])) {
      const Op op = order[rank.next++];
      ran_.push_back(op);
      rank.ops.push_back(op);
      op.kind == OpKind::Forward ? void(++rank.held) : rank.weights.push(op);
    } else if (!rank.weights.empty()) {
      Op op = rank.weights.front();
      rank.weights.pop();
      op.kind = OpKind::WeightGradient;
      rank.ops.push_back(op);
      --rank.held;
    }
    return true;
  }

  const ScheduleShape& shape_;
  std::vector<std::vector<Op>> orders_;
  std::vector<int> most_held_;
  std::vector<Rank> ranks_;
  std::vector<bool> forward_done_;   // by stage and micro-batch
  std::vector<bool> gradient_done_;  // by stage and micro-batch
  std::vector<Op> ran_;              // forwards and input gradients of this slot
};

Schedule of_blocks(const ScheduleShape& shape, Block (*block_of)(int, int)) {
  std::vector<std::vector<Op>> orders;
  std::vector<int> most_held;
  for (int rank = 0; rank < shape.ranks; ++rank) {
    const Block block = block_of(shape.ranks, rank);
    orders.push_back(repeated(shape, block, rank));
    most_held.push_back(held_in_block(block));
  }
  return Squeezer(shape, std::move(orders), std::move(most_held)).run();
}

}  // namespace

Schedule v_half(const ScheduleShape& shape) {
  return of_blocks(shape, half_block);
}
Schedule v_min(const ScheduleShape& shape) {
  return of_blocks(shape, min_block);
}

}  // namespace stagecraft
