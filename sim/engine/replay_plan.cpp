// Replay over memory laid out in the order of the sweep.
#include "sim/engine/replay_plan.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>

#include "sim/engine/times_writer.h"

namespace stagecraft {
namespace {

// Before all times, latencies added.
constexpr TimePoint kNever{std::numeric_limits<std::int64_t>::min() / 2};

// How many ops ahead memory is asked for (1 KiB): 0.5 ns an op less than leaving it to the processor.
constexpr std::size_t kAhead = 64;

bool has_list(std::uint32_t second_input) {
  return second_input != kNoTask && (second_input & kMoreInputs) != 0;
}

// How many tasks of a resource must be kept, so that whoever comes later in `order` still finds its inputs.
std::uint32_t window_log2(const TaskGraph& graph, std::span<const TaskId> order) {
  std::vector<TaskId> head(graph.begin.begin(), graph.begin.end() - 1);
  std::uint32_t farthest = kIntervalsPerBlock;
  for (const TaskId id : order) {
    for_each_input(graph, graph.tasks[id], [&](TaskId input, Duration, std::uint32_t) {
      farthest = std::max(farthest, head[graph.tasks[input].resource] - input);
    });
    ++head[graph.tasks[id].resource];
  }
  const auto log2 = static_cast<std::uint32_t>(std::bit_width(farthest - 1));
  if ((graph.resources() + 1) << log2 >= kMoreInputs)
    throw std::length_error(
        "a task graph that needs more than 2^31 times at once cannot be replayed by a plan");
  return log2;
}

TimePoint latest_of_many(const ReplayPlan& plan, std::uint32_t second_input, const Interval* recent) {
  const std::size_t list = second_input & ~kMoreInputs;
  TimePoint latest = kNever;
  for (std::size_t i = plan.more_begin[list]; i < plan.more_begin[list + 1]; ++i) {
    latest = std::max(latest, recent[plan.more[i].input].end + plan.more[i].latency);
  }
  return latest;
}

// Works out the times of all tasks into `recent`; after each calls visit(place). A plan whose tasks have at
// most one input, as in sequential pipelines, needs half the work.
template <bool kOneInput, typename Visit>
void sweep(const ReplayPlan& plan, std::span<const TaskCost> costs, Interval* recent, Visit&& visit) {
  const std::uint32_t mask = (1u << plan.window_log2) - 1;
  for (const ReplayOp& op : plan.ops) {
    __builtin_prefetch(&op + kAhead);
    const TaskCost& cost = costs[op.cost];
    const std::uint32_t before = (op.place & ~mask) | ((op.place - 1) & mask);
    TimePoint start = std::max(recent[before].end, recent[op.inputs[0]].end + cost.latency[0]);
    if constexpr (!kOneInput) {
      if ((op.inputs[1] & kMoreInputs) == 0) [[likely]] {
        start = std::max(start, recent[op.inputs[1]].end + cost.latency[1]);
      } else {
        start = std::max(start, latest_of_many(plan, op.inputs[1], recent));
      }
    }
    recent[op.place] = {start, start + cost.duration};
    visit(op.place);
  }
}

// The times of every resource's recent tasks, all at 0 at first, and behind them that of no input.
LargeArray<Interval> recent_times(const ReplayPlan& plan) {
  LargeArray<Interval> recent((plan.begin.size() - 1) << plan.window_log2, Interval{});
  recent.push_back({kNever, kNever});
  return recent;
}

template <typename Visit>
void sweep(const ReplayPlan& plan, std::span<const TaskCost> costs, LargeArray<Interval>& recent,
           Visit&& visit) {
  plan.one_input ? sweep<true>(plan, costs, recent.data(), visit)
                 : sweep<false>(plan, costs, recent.data(), visit);
}

}  // namespace

ReplayPlan prepare_replay(const TaskGraph& graph, std::span<const TaskId> order) {
  ReplayPlan plan{.ops = {},
                  .begin = graph.begin,
                  .more = graph.more,
                  .more_begin = graph.more_begin,
                  .window_log2 = window_log2(graph, order)};
  const std::uint32_t mask = (1u << plan.window_log2) - 1;
  const auto none = static_cast<std::uint32_t>(graph.resources() << plan.window_log2);
  const auto place = [&](TaskId id) {
    return id == kNoTask ? none : (graph.tasks[id].resource << plan.window_log2) | (id & mask);
  };
  for (MoreInput& more : plan.more) more.input = place(more.input);
  plan.ops.reserve(order.size());
  plan.one_input = true;
  for (const TaskId id : order) {
    const Task& task = graph.tasks[id];
    const std::uint32_t second = has_list(task.inputs[1]) ? task.inputs[1] : place(task.inputs[1]);
    plan.one_input &= second == none;
    plan.ops.push_back({.inputs = {place(task.inputs[0]), second}, .cost = task.cost, .place = place(id)});
  }
  return plan;
}

TaskTimes replay(const ReplayPlan& plan, std::span<const TaskCost> costs, TaskTimes reuse) {
  const TimesWriter writer(plan.begin, reuse);
  LargeArray<Interval> recent = recent_times(plan);
  std::vector<std::size_t> next(plan.begin.begin(), plan.begin.end() - 1);  // to be written, by resource
  for (std::size_t& task : next) task -= task % kIntervalsPerBlock;
  sweep(plan, costs, recent, [&](std::uint32_t place) {
    if ((place + 1) % kIntervalsPerBlock != 0) [[likely]]
      return;
    const std::uint32_t resource = place >> plan.window_log2;
    writer.write_block(resource, next[resource], recent.data() + (place + 1 - kIntervalsPerBlock));
    next[resource] += kIntervalsPerBlock;
  });
  const std::size_t window = std::size_t{1} << plan.window_log2;
  for (std::size_t r = 0; r < next.size(); ++r)
    writer.copy(r, next[r], plan.begin[r + 1], recent.data() + r * window + next[r] % window);
  finish_streaming();
  return reuse;
}

TimePoint makespan(const ReplayPlan& plan, std::span<const TaskCost> costs) {
  LargeArray<Interval> recent = recent_times(plan);
  sweep(plan, costs, recent, [](std::uint32_t) {});
  recent.pop_back();
  TimePoint latest{0};
  for (const Interval& interval : recent) latest = std::max(latest, interval.end);
  return latest;
}

}  // namespace stagecraft
