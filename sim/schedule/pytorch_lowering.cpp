// What PyTorch adds to a compute-only schedule: torch/distributed/pipelining/schedules.py (2.14), by its
// behaviour. Cell for cell the same, so also where another order would do as well.
#include <algorithm>
#include <optional>
#include <stdexcept>
#include <unordered_set>

#include "sim/schedule/communication.h"

namespace stagecraft {

namespace {

/// The halves of a fused op; otherwise the op itself.
template <class Visit>
void for_each_half(const Op& op, Visit visit) {
  if (op.kind != OpKind::ForwardBackward) return visit(op);
  visit(forward_half(op));
  visit(backward_half(op));
}

bool same_work(const Op& a, const Op& b) {
  return a.stage == b.stage && a.microbatch == b.microbatch;
}

std::vector<Op> joined(std::span<const Op> ops) {
  std::vector<Op> result;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    result.push_back(ops[i]);
    const bool halves = i + 1 < ops.size() && ops[i].kind == OpKind::InputGradient &&
                        ops[i + 1].kind == OpKind::WeightGradient && same_work(ops[i], ops[i + 1]);
    if (!halves) continue;
    result.back().kind = OpKind::Backward;
    ++i;
  }
  return result;
}

/// Numbers in the order in which CPython's set lists them: by slot of its hash table. PyTorch walks over such
/// a set where it drops stages, so its order is part of its output.
class PythonSet {
 public:
  void insert(std::uint32_t value) {
    if (contains(value)) return;
    place(slots_, value);
    ++filled_;
    if (filled_ * 5 >= (slots_.size() - 1) * 3) grow();
  }
  void erase(std::uint32_t value) {
    for (auto& slot : slots_)
      if (slot == value) slot = kDropped;
  }
  bool contains(std::uint32_t value) const {
    return std::find(slots_.begin(), slots_.end(), std::optional(value)) != slots_.end();
  }
  std::vector<std::uint32_t> values() const {
    std::vector<std::uint32_t> result;
    for (const auto& slot : slots_)
      if (slot && *slot != kDropped) result.push_back(*slot);
    return result;
  }

 private:
  using Slots = std::vector<std::optional<std::uint32_t>>;
  static constexpr std::uint32_t kDropped = 0xFFFFFFFF;  // a slot that is not free, but holds nothing

  static void place(Slots& slots, std::uint32_t value) {
    const std::size_t mask = slots.size() - 1;
    constexpr std::size_t kNeighbours = 9;
    std::size_t perturb = value;
    for (std::size_t at = value & mask;; at = (at * 5 + 1 + perturb) & mask) {
      const std::size_t last = at + kNeighbours <= mask ? at + kNeighbours : at;
      for (std::size_t slot = at; slot <= last; ++slot)
        if (!slots[slot]) {
          slots[slot] = value;
          return;
        }
      perturb >>= 5;
    }
  }
  void grow() {
    const std::vector<std::uint32_t> kept = values();
    std::size_t size = 8;
    while (size <= kept.size() * 4) size *= 2;
    slots_.assign(size, std::nullopt);
    for (const std::uint32_t value : kept) place(slots_, value);
    filled_ = kept.size();
  }

  Slots slots_ = Slots(8);
  std::size_t filled_ = 0;
};

constexpr std::size_t kMostGathered = 3;

/// Gathers the stages that come next, and drops those that do not.
class Sharder {
 public:
  explicit Sharder(std::span<const Op> ops) : ops_(ops) {}

  std::vector<Action> run() {
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      make_ready(next_stages(i));
      actions_.push_back({ActionKind::Compute, ops_[i]});
    }
    make_ready({});
    return std::move(actions_);
  }

 private:
  /// The first distinct stages from op `from` on. A fused op is taken whole.
  std::vector<std::uint32_t> next_stages(std::size_t from) const {
    std::vector<std::uint32_t> stages;
    for (std::size_t i = from; i < ops_.size() && stages.size() < kMostGathered; ++i)
      for_each_half(ops_[i], [&](const Op& op) {
        if (std::find(stages.begin(), stages.end(), op.stage) == stages.end()) stages.push_back(op.stage);
      });
    return stages;
  }

  void make_ready(const std::vector<std::uint32_t>& wanted) {
    for (const std::uint32_t stage : gathered_.values())
      if (std::find(wanted.begin(), wanted.end(), stage) == wanted.end()) {
        gathered_.erase(stage);
        push(ActionKind::Reshard, stage);
      }
    for (const std::uint32_t stage : wanted)
      if (!gathered_.contains(stage)) {
        gathered_.insert(stage);
        push(ActionKind::Unshard, stage);
      }
  }
  void push(ActionKind kind, std::uint32_t stage) {
    actions_.push_back({kind, make_op(OpKind::Forward, static_cast<int>(stage))});
  }

  std::span<const Op> ops_;
  std::vector<Action> actions_;
  PythonSet gathered_;
};

std::vector<Action> with_reductions(const std::vector<Action>& actions, const ScheduleShape& shape) {
  std::vector<int> done(static_cast<std::size_t>(shape.stages()));
  std::vector<Action> result;
  for (const Action& action : actions) {
    result.push_back(action);
    if (action.kind != ActionKind::Compute) continue;
    for_each_half(action.op, [&](const Op& op) {
      if (op.kind != OpKind::Backward && op.kind != OpKind::WeightGradient) return;
      if (++done[op.stage] == shape.microbatches)
        result.push_back({ActionKind::ReduceGradient, make_op(OpKind::ReduceGradient, op.stage)});
    });
  }
  return result;
}

/// Puts sends and receives in.
class Exchanger {
 public:
  Exchanger(RankActions ranks, std::vector<int> rank_of, std::uint64_t microbatches)
      : ranks_(std::move(ranks)),
        rank_of_(std::move(rank_of)),
        microbatches_(microbatches),
        done_(ranks_.size()),
        result_(ranks_.size()) {}

  RankActions run() {
    std::vector<std::size_t> next(ranks_.size());
    for (bool progress = true; progress;) {
      progress = false;
      for (std::size_t rank = 0; rank < ranks_.size(); ++rank) {
        if (next[rank] == ranks_[rank].size() || !ready(rank, ranks_[rank][next[rank]])) continue;
        put(rank, ranks_[rank][next[rank]++]);
        progress = true;
      }
    }
    for (std::size_t rank = 0; rank < ranks_.size(); ++rank)
      if (next[rank] < ranks_[rank].size()) throw std::invalid_argument("the schedule waits for itself");
    return std::move(result_);
  }

 private:
  using Done = std::unordered_set<std::uint64_t>;

  /// Whether the rank has, or was sent, what the stage before (the one behind, for gradients) makes.
  static std::uint64_t key(std::size_t stage, std::uint64_t microbatch, std::uint64_t microbatches,
                           bool backward) {
    return (stage * microbatches + microbatch) * 2 + (backward ? 1 : 0);
  }
  std::uint64_t made(const Op& op, std::size_t stage) const {
    return key(stage, op.microbatch, microbatches_, op.kind != OpKind::Forward);
  }

  bool ready(std::size_t rank, const Action& action) const {
    if (action.kind != ActionKind::Compute) return true;
    bool all = true;
    for_each_half(action.op, [&](const Op& op) {
      if (op.kind == OpKind::Forward && op.stage > 0) all &= done_[rank].contains(made(op, op.stage - 1u));
      if (has_input_gradient(op.kind) && op.stage + 1u < rank_of_.size())
        all &= done_[rank].contains(made(op, op.stage + 1u));
    });
    return all;
  }

  void put(std::size_t rank, const Action& action) {
    result_[rank].push_back(action);
    if (action.kind != ActionKind::Compute) return;
    for_each_half(action.op, [&](const Op& op) {
      if (op.kind == OpKind::WeightGradient) return;
      done_[rank].insert(made(op, op.stage));
      if (op.kind == OpKind::Forward && op.stage + 1u < rank_of_.size())
        pass(op, op.stage + 1, ActionKind::SendForward, ActionKind::ReceiveForward);
      if (op.kind != OpKind::Forward && op.stage > 0)
        pass(op, op.stage - 1, ActionKind::SendBackward, ActionKind::ReceiveBackward);
    });
  }

  void pass(const Op& op, int to_stage, ActionKind send, ActionKind receive) {
    const auto from = static_cast<std::size_t>(rank_of_[op.stage]);
    const auto to = static_cast<std::size_t>(rank_of_[static_cast<std::size_t>(to_stage)]);
    if (from == to) return;
    Op there = op;
    there.stage = static_cast<std::uint16_t>(to_stage);
    result_[from].push_back({send, op});
    result_[to].push_back({receive, there});
    done_[to].insert(made(op, op.stage));
  }

  RankActions ranks_;
  std::vector<int> rank_of_;
  std::uint64_t microbatches_;
  std::vector<Done> done_;  // by rank: results that are there
  RankActions result_;
};

std::vector<int> ranks_of_stages(const Schedule& schedule, int stages) {
  std::vector<int> rank_of(static_cast<std::size_t>(stages));
  for (int rank = 0; rank < schedule.ranks(); ++rank)
    for (const Op& op : schedule.rank(rank))
      if (info(op.kind).compute) rank_of[op.stage] = rank;
  return rank_of;
}

}  // namespace

RankActions pytorch_actions(const Schedule& schedule, const ScheduleShape& shape,
                            const PyTorchLowering& options) {
  RankActions ranks;
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    std::vector<Op> ops = compute_ops(schedule.rank(rank));
    if (options.joins_halves) ops = joined(ops);
    std::vector<Action>& actions = ranks.emplace_back();
    if (options.shards) {
      actions = with_reductions(Sharder(ops).run(), shape);
    } else {
      for (const Op& op : ops) actions.push_back({ActionKind::Compute, op});
    }
  }
  return Exchanger(std::move(ranks), ranks_of_stages(schedule, shape.stages()),
                   static_cast<std::uint64_t>(shape.microbatches))
      .run();
}

}  // namespace stagecraft
