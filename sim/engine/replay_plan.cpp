// Replay over memory laid out in the order of the sweep.
#include "sim/engine/replay_plan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "sim/engine/times_writer.h"

namespace stagecraft {
namespace {

// Before all times, latencies added.
constexpr TimePoint kNever{std::numeric_limits<std::int64_t>::min() / 2};

bool has_list(std::uint32_t second_input) {
  return second_input != kNoTask && (second_input & kMoreInputs) != 0;
}

std::vector<std::uint32_t> positions(std::span<const TaskId> order) {
  std::vector<std::uint32_t> position(order.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  return position;
}

std::uint32_t ring_size(const TaskGraph& graph, std::span<const std::uint32_t> position) {
  std::uint32_t farthest = 0;
  for (TaskId id = 0; id < graph.tasks.size(); ++id) {
    for_each_input(graph, graph.tasks[id], [&](TaskId input, Duration, std::uint32_t) {
      farthest = std::max(farthest, position[id] - position[input]);
    });
  }
  return std::bit_ceil(farthest + 1);
}

// One resource: when it is free, and which task is next.
struct Head {
  TimePoint free{0};
  TaskId next = 0;
};

TimePoint latest_of_many(const ReplayPlan& plan, std::uint32_t second_input, const TimePoint* ends) {
  const std::size_t list = second_input & ~kMoreInputs;
  TimePoint latest = kNever;
  for (std::size_t i = plan.more_begin[list]; i < plan.more_begin[list + 1]; ++i) {
    latest = std::max(latest, ends[plan.more[i].input] + plan.more[i].latency);
  }
  return latest;
}

// Calls visit(resource, task, start, end) for every task. Returns the latest end.
template <typename Visit>
TimePoint sweep(const ReplayPlan& plan, std::span<const TaskCost> costs, Visit&& visit) {
  std::vector<TimePoint> ring(std::size_t{plan.ring} + 1);
  ring.back() = kNever;
  std::vector<Head> heads(plan.begin.size() - 1);
  for (std::size_t r = 0; r < heads.size(); ++r) heads[r].next = static_cast<TaskId>(plan.begin[r]);

  TimePoint* const ends = ring.data();
  const std::uint32_t mask = plan.ring - 1;
  TimePoint latest{0};
  std::uint32_t place = 0;
  for (const ReplayOp& op : plan.ops) {
    const TaskCost& cost = costs[op.cost];
    Head& head = heads[op.resource];
    TimePoint start = std::max(head.free, ends[op.inputs[0]] + cost.latency[0]);
    if ((op.inputs[1] & kMoreInputs) == 0) [[likely]] {
      start = std::max(start, ends[op.inputs[1]] + cost.latency[1]);
    } else {
      start = std::max(start, latest_of_many(plan, op.inputs[1], ends));
    }
    const TimePoint end = start + cost.duration;
    head.free = end;
    ends[place++ & mask] = end;
    latest = std::max(latest, end);
    visit(op.resource, head.next++, start, end);
  }
  return latest;
}

}  // namespace

ReplayPlan prepare_replay(const TaskGraph& graph, std::span<const TaskId> order) {
  const std::vector<std::uint32_t> position = positions(order);
  ReplayPlan plan{.ops = {},
                  .begin = graph.begin,
                  .more = graph.more,
                  .more_begin = graph.more_begin,
                  .ring = ring_size(graph, position)};
  const auto place = [&](TaskId input) {
    return input == kNoTask ? plan.ring : position[input] & (plan.ring - 1);
  };
  for (MoreInput& more : plan.more) more.input = place(more.input);
  plan.ops.reserve(order.size());
  for (const TaskId id : order) {
    const Task& task = graph.tasks[id];
    const std::uint32_t second = has_list(task.inputs[1]) ? task.inputs[1] : place(task.inputs[1]);
    plan.ops.push_back(
        {.inputs = {place(task.inputs[0]), second}, .cost = task.cost, .resource = task.resource});
  }
  return plan;
}

TaskTimes replay(const ReplayPlan& plan, std::span<const TaskCost> costs, TaskTimes reuse) {
  TimesWriter writer(plan.begin, reuse);
  sweep(plan, costs, [&](std::uint32_t resource, TaskId task, TimePoint start, TimePoint end) {
    writer.put(resource, task, start, end);
  });
  writer.finish();
  return reuse;
}

TimePoint makespan(const ReplayPlan& plan, std::span<const TaskCost> costs) {
  return sweep(plan, costs, [](std::uint32_t, TaskId, TimePoint, TimePoint) {});
}

}  // namespace stagecraft
