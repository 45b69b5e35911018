#include <algorithm>

#include "sim/engine/replay.h"
#include "sim/pipeline/simulate.h"

namespace stagecraft {

namespace {

/// An input of a task and the moment its data is there.
struct Arrival {
  TaskId input = kNoTask;
  TimePoint time{0};
};

/// The last input to arrive: what the task waited for. kNoTask when it has none from another rank.
Arrival last_arrival(const TaskGraph& graph, const Timeline& timeline, TaskId id) {
  Arrival last;
  for_each_input(graph, graph.tasks[id], [&](TaskId input, Duration latency, std::uint32_t) {
    const TimePoint time = timeline.end[input] + latency;
    if (last.input == kNoTask || time > last.time) last = {input, time};
  });
  return last;
}

/// Cuts one rank's idle time into bubbles and hands each to `Visit`.
template <class Visit>
class RankBubbles {
 public:
  RankBubbles(const TaskGraph& graph, const Timeline& timeline, const std::vector<Duration>& busy,
              std::size_t rank, Visit& visit)
      : graph_(graph), timeline_(timeline), busy_(busy), rank_(rank), visit_(visit) {}

  void run() {
    const std::size_t first = timeline_.begin[rank_];
    const std::size_t last = timeline_.begin[rank_ + 1];
    find_phases(first, last);
    TimePoint free{0};
    for (std::size_t i = first; i < last; ++i) {
      if (timeline_.start[i] > free) split(static_cast<TaskId>(i), free, timeline_.start[i]);
      free = timeline_.end[i];
    }
    if (timeline_.makespan > free) push(BubbleCause::Tail, kNoOp, free, timeline_.makespan);
  }

 private:
  void find_phases(std::size_t first, std::size_t last) {
    first_backward_ = last;
    for (std::size_t i = first; i < last && first_backward_ == last; ++i)
      if (timeline_.ops[i].kind == OpKind::Backward || timeline_.ops[i].kind == OpKind::InputGradient)
        first_backward_ = i;
    last_forward_ = first;
    for (std::size_t i = last; i > first && last_forward_ == first; --i)
      if (timeline_.ops[i - 1].kind == OpKind::Forward) last_forward_ = i - 1;
  }

  void split(TaskId id, TimePoint from, TimePoint to) {
    const Arrival arrival = last_arrival(graph_, timeline_, id);
    if (arrival.input == kNoTask) return push(BubbleCause::Dependency, kNoOp, from, to);
    const TimePoint made = std::clamp(timeline_.end[arrival.input], from, to);
    push(phase(id, arrival.input), arrival.input, from, made);
    push(BubbleCause::Link, arrival.input, made, to);
  }

  BubbleCause phase(TaskId id, TaskId waits_for) const {
    if (id <= first_backward_) return BubbleCause::WarmUp;
    if (id > last_forward_) return BubbleCause::Drain;
    return busy_[graph_.tasks[waits_for].resource] > busy_[rank_] ? BubbleCause::Imbalance
                                                                  : BubbleCause::Dependency;
  }

  void push(BubbleCause cause, std::uint32_t waits_for, TimePoint from, TimePoint to) {
    if (to > from) visit_(Bubble{static_cast<std::uint32_t>(rank_), cause, waits_for, from, to});
  }

  const TaskGraph& graph_;
  const Timeline& timeline_;
  const std::vector<Duration>& busy_;
  std::size_t rank_;
  Visit& visit_;
  std::size_t first_backward_ = 0;
  std::size_t last_forward_ = 0;
};

/// Calls visit(bubble) for every bubble, by rank and then by time.
template <class Visit>
void for_each_bubble(const LoweredSchedule& lowered, const Timeline& timeline, Visit visit) {
  const std::size_t ranks = lowered.graph.resources();
  std::vector<Duration> busy(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank)
    for (std::size_t i = timeline.begin[rank]; i < timeline.begin[rank + 1]; ++i)
      busy[rank] += timeline.end[i] - timeline.start[i];
  for (std::size_t rank = 0; rank < ranks; ++rank)
    RankBubbles<Visit>(lowered.graph, timeline, busy, rank, visit).run();
}

}  // namespace

std::vector<Bubble> bubbles_of(const LoweredSchedule& lowered, const Timeline& timeline) {
  std::vector<Bubble> bubbles;
  for_each_bubble(lowered, timeline, [&](const Bubble& bubble) { bubbles.push_back(bubble); });
  return bubbles;
}

std::vector<IdleByCause> idle_by_cause(const LoweredSchedule& lowered, const Timeline& timeline) {
  std::vector<IdleByCause> idle(lowered.graph.resources());
  for_each_bubble(lowered, timeline, [&](const Bubble& bubble) {
    idle[bubble.rank][static_cast<std::size_t>(bubble.cause)] += bubble.end - bubble.start;
  });
  return idle;
}

}  // namespace stagecraft
