#include <algorithm>

#include "sim/engine/replay.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

/// The last input to arrive: what the task waited for. kNoTask when it has none.
TaskId last_input(const TaskGraph& graph, const Timeline& timeline, const Task& task) {
  if (task.inputs[1] == kNoTask) return task.inputs[0];
  TaskId last = kNoTask;
  TimePoint latest{0};
  for_each_input(graph, task, [&](TaskId input, Duration latency, std::uint32_t) {
    const TimePoint arrival = timeline.end[input] + latency;
    if (last == kNoTask || arrival > latest) {
      last = input;
      latest = arrival;
    }
  });
  return last;
}

/// Cuts one rank's idle time into bubbles, some of them empty, and hands each to `Visit`.
template <class Visit>
class RankBubbles {
 public:
  /// `less_work` is what the busiest rank computes more than this one.
  RankBubbles(const TaskGraph& graph, const Timeline& timeline, std::size_t rank, Duration less_work,
              Visit& visit)
      : graph_(graph), timeline_(timeline), rank_(rank), imbalance_left_(less_work), visit_(visit) {}

  void run() {
    const std::size_t first = timeline_.begin[rank_];
    const std::size_t last = timeline_.begin[rank_ + 1];
    find_phases(first, last);
    TimePoint free{0};
    for (std::size_t i = first; i < last; ++i) {
      if (timeline_.start[i] > free) split(static_cast<TaskId>(i), free, timeline_.start[i]);
      free = timeline_.end[i];
    }
    push(BubbleCause::Tail, kNoOp, free, timeline_.makespan);
  }

 private:
  void find_phases(std::size_t first, std::size_t last) {
    first_backward_ = last;
    for (std::size_t i = first; i < last && first_backward_ == last; ++i)
      if (has_input_gradient(timeline_.ops[i].kind)) first_backward_ = i;
    last_forward_ = first;
    for (std::size_t i = last; i > first && last_forward_ == first; --i)
      if (has_forward(timeline_.ops[i - 1].kind)) last_forward_ = i - 1;
  }

  void split(TaskId id, TimePoint from, TimePoint to) {
    const TaskId input = last_input(graph_, timeline_, graph_.tasks[id]);
    if (input == kNoTask) return push(BubbleCause::Dependency, kNoOp, from, to);
    const TimePoint made = std::clamp(timeline_.end[input], from, to);
    if (id <= first_backward_) {
      push(BubbleCause::WarmUp, input, from, made);
    } else if (id > last_forward_) {
      push(BubbleCause::Drain, input, from, made);
    } else {
      push_steady(input, from, made);
    }
    push(BubbleCause::Link, input, made, to);
  }

  void push_steady(TaskId waits_for, TimePoint from, TimePoint to) {
    const TimePoint turn = from + std::min(to - from, imbalance_left_);
    imbalance_left_ -= turn - from;
    push(BubbleCause::Imbalance, waits_for, from, turn);
    push(BubbleCause::Dependency, waits_for, turn, to);
  }

  void push(BubbleCause cause, std::uint32_t waits_for, TimePoint from, TimePoint to) {
    visit_(Bubble{static_cast<std::uint32_t>(rank_), cause, waits_for, from, to});
  }

  const TaskGraph& graph_;
  const Timeline& timeline_;
  std::size_t rank_;
  Duration imbalance_left_;
  Visit& visit_;
  std::size_t first_backward_ = 0;
  std::size_t last_forward_ = 0;
};

/// Calls visit(bubble) for every bubble, and some empty ones, by rank and then by time.
template <class Visit>
void for_each_bubble(const TaskGraph& graph, const Timeline& timeline, std::span<const RankWork> work,
                     Visit visit) {
  Duration most{0};
  for (const RankWork& rank : work) most = std::max(most, rank.compute);
  for (std::size_t rank = 0; rank < work.size(); ++rank)
    RankBubbles<Visit>(graph, timeline, rank, most - work[rank].compute, visit).run();
}

}  // namespace

std::vector<RankWork> work_of(const Timeline& timeline) {
  std::vector<RankWork> work;
  for (std::size_t rank = 0; rank + 1 < timeline.begin.size(); ++rank) {
    std::array<Duration, kOpKinds> by_kind{};
    for (std::size_t i = timeline.begin[rank]; i < timeline.begin[rank + 1]; ++i)
      by_kind[static_cast<std::size_t>(timeline.ops[i].kind)] += timeline.end[i] - timeline.start[i];
    RankWork one;
    for (const OpKindInfo& kind : op_kinds()) {
      const Duration time = by_kind[static_cast<std::size_t>(kind.kind)];
      (kind.compute ? one.compute : one.communication) += time;
      if (kind.compute && kind.per_microbatch) one.microbatch_compute += time;
    }
    work.push_back(one);
  }
  return work;
}

std::vector<Bubble> bubbles_of(const TaskGraph& graph, const Timeline& timeline,
                               std::span<const RankWork> work) {
  std::vector<Bubble> bubbles;
  for_each_bubble(graph, timeline, work, [&](const Bubble& bubble) {
    if (bubble.end > bubble.start) bubbles.push_back(bubble);
  });
  return bubbles;
}

std::vector<IdleByCause> idle_by_cause(const TaskGraph& graph, const Timeline& timeline,
                                       std::span<const RankWork> work) {
  std::vector<IdleByCause> idle(work.size());
  for_each_bubble(graph, timeline, work, [&](const Bubble& bubble) {
    idle[bubble.rank][static_cast<std::size_t>(bubble.cause)] += bubble.end - bubble.start;
  });
  return idle;
}

}  // namespace stagecraft
