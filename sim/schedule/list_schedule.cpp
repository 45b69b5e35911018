#include "sim/schedule/list_schedule.h"

#include <algorithm>
#include <queue>
#include <stdexcept>
#include <tuple>

namespace stagecraft {

namespace {

/// An op that can run, as far as its inputs are concerned; the lowest one goes first.
struct Ready {
  std::uint32_t group;
  bool forward;
  std::uint32_t turn;
  Op op;

  bool operator>(const Ready& o) const {
    return std::tuple(group, forward, turn, op.stage) > std::tuple(o.group, o.forward, o.turn, o.op.stage);
  }
};
using ReadyQueue = std::priority_queue<Ready, std::vector<Ready>, std::greater<>>;

class Scheduler {
 public:
  Scheduler(const ScheduleShape& shape, const ListRules& rules)
      : shape_(shape),
        rules_(rules),
        replicas_(static_cast<std::size_t>(shape.replicas)),
        backwards_(static_cast<std::size_t>(shape.ranks)),
        forwards_(static_cast<std::size_t>(shape.ranks) * replicas_),
        held_(forwards_.size()),
        order_(static_cast<std::size_t>(shape.ranks)) {}

  Schedule run() {
    for (int m = 0; m < shape_.microbatches; ++m) {
      Op op = make_op(OpKind::Forward, 0, m);
      op.replica = rules_.replica_of[static_cast<std::size_t>(m)];
      add(op);
    }
    const std::size_t ops =
        2 * static_cast<std::size_t>(shape_.stages()) * static_cast<std::size_t>(shape_.microbatches);
    for (std::size_t done = 0; done < ops;) {
      const std::size_t now = run_slot();
      if (now == 0) throw std::logic_error("list scheduling is stuck: a limit is too low");
      done += now;
    }
    return collected();
  }

 private:
  std::size_t rank_of(const Op& op) const {
    const std::size_t first = op.replica * static_cast<std::size_t>(shape_.stages());
    return static_cast<std::size_t>(rules_.rank_of[first + op.stage]);
  }
  std::size_t holder(const Op& op) const { return rank_of(op) * replicas_ + op.replica; }

  void add(const Op& op) {
    const bool forward = op.kind == OpKind::Forward;
    (forward ? forwards_[holder(op)] : backwards_[rank_of(op)])
        .push({rules_.group[op.microbatch], forward, rules_.turn[op.microbatch], op});
  }

  /// One op per rank at most; their results can be used in the next slot. Returns how many ran.
  std::size_t run_slot() {
    ran_.clear();
    for (std::size_t rank = 0; rank < order_.size(); ++rank)
      if (ReadyQueue* queue = best(rank)) {
        ran_.push_back(queue->top().op);
        queue->pop();
      }
    for (const Op& op : ran_) finish(op);
    return ran_.size();
  }

  /// The queue whose head goes first; null where nothing may run.
  ReadyQueue* best(std::size_t rank) {
    ReadyQueue* found = backwards_[rank].empty() ? nullptr : &backwards_[rank];
    for (std::size_t at = rank * replicas_; at < (rank + 1) * replicas_; ++at) {
      if (forwards_[at].empty() || held_[at] >= rules_.most_held[at]) continue;
      if (!found || found->top() > forwards_[at].top()) found = &forwards_[at];
    }
    return found;
  }

  void finish(const Op& op) {
    order_[rank_of(op)].push_back(op);
    held_[holder(op)] += op.kind == OpKind::Forward ? 1 : -1;
    Op next = op;
    if (op.kind == OpKind::Forward && op.stage + 1 < shape_.stages()) {
      ++next.stage;
    } else if (op.kind == OpKind::Forward) {
      next.kind = OpKind::Backward;
    } else if (op.stage > 0) {
      --next.stage;
    } else {
      return;
    }
    add(next);
  }

  Schedule collected() const {
    Schedule schedule;
    for (const std::vector<Op>& ops : order_) {
      schedule.ops.insert(schedule.ops.end(), ops.begin(), ops.end());
      schedule.close_rank();
    }
    return schedule;
  }

  const ScheduleShape& shape_;
  const ListRules& rules_;
  std::size_t replicas_;
  std::vector<ReadyQueue> backwards_;   // by rank
  std::vector<ReadyQueue> forwards_;    // by rank and replica
  std::vector<int> held_;               // by rank and replica
  std::vector<std::vector<Op>> order_;  // by rank
  std::vector<Op> ran_;
};

}  // namespace

Schedule list_schedule(const ScheduleShape& shape, const ListRules& rules) {
  return Scheduler(shape, rules).run();
}

}  // namespace stagecraft
