#include "sim/engine/replay.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/engine/replay_plan.h"
#include "tests/engine/graphs.h"

namespace stagecraft {
namespace {

using test::GraphBuilder;

TopologicalOrder order_of(const TaskGraph& graph, std::uint32_t max_run = 0) {
  return std::get<TopologicalOrder>(topological_order(graph, {.max_run = max_run}));
}

Deadlock deadlock_of(const TaskGraph& graph) {
  return std::get<Deadlock>(topological_order(graph));
}

std::vector<std::int64_t> counts(std::span<const TimePoint> times) {
  std::vector<std::int64_t> counts;
  for (const TimePoint time : times) counts.push_back(time.count());
  return counts;
}

// Tasks 0, 1 on resource 0 and 2, 3 on resource 1: 2 reads 0 after 5 ns, 1 reads 2 after 7 ns, 3 reads 2
// and 1.
TaskGraph ping_pong() {
  GraphBuilder b;
  b.resource();
  b.task(10);
  b.task(20, {{.task = 2, .latency = 7}});
  b.resource();
  b.task(30, {{.task = 0, .latency = 5}});
  b.task(40, {{.task = 2}, {.task = 1, .latency = 1}});
  return b.build();
}

bool is_topological(const TaskGraph& graph, const TopologicalOrder& order) {
  std::vector<bool> done(graph.tasks.size(), false);
  std::vector<std::size_t> head(graph.begin.begin(), graph.begin.end() - 1);
  for (const TaskId id : order) {
    const Task& task = graph.tasks[id];
    if (head[task.resource]++ != id) return false;
    bool ready = true;
    for_each_input(graph, task, [&](TaskId input, Duration, std::uint32_t) { ready = ready && done[input]; });
    if (!ready) return false;
    done[id] = true;
  }
  return order.size() == graph.tasks.size();
}

// start = max(end of the task before, end of each input + latency), computed task by task as it says.
bool obeys_definition(const TaskGraph& graph, const TaskTimes& times) {
  for (TaskId id = 0; id < graph.tasks.size(); ++id) {
    const Task& task = graph.tasks[id];
    TimePoint start{0};
    if (id > graph.begin[task.resource]) start = times.end[id - 1];
    for_each_input(graph, task, [&](TaskId input, Duration latency, std::uint32_t) {
      start = std::max(start, times.end[input] + latency);
    });
    if (times.start[id] != start || times.end[id] != start + graph.costs[task.cost].duration) return false;
  }
  return true;
}

TEST_CASE("replay of two resources that wait for each other gives the times computed by hand", "[formula]") {
  const TaskGraph graph = ping_pong();
  const TaskTimes times = replay(graph, order_of(graph));
  // 0: [0, 10). 2: 10 + 5 = 15, [15, 45). 1: 45 + 7 = 52, [52, 72). 3: max(45, 72 + 1) = 73, [73, 113).
  CHECK(counts(times.start) == std::vector<std::int64_t>{0, 52, 15, 73});
  CHECK(counts(times.end) == std::vector<std::int64_t>{10, 72, 45, 113});
  CHECK(makespan(graph, times).count() == 113);
}

TEST_CASE("a task with four inputs starts at the last arrival", "[formula]") {
  GraphBuilder b;
  for (int i = 0; i < 4; ++i) {
    b.resource();
    b.task(10 + i);  // ends at 10, 11, 12, 13
  }
  b.resource();
  b.task(1, {{.task = 0, .latency = 1}, {.task = 1, .latency = 9}, {.task = 2}, {.task = 3, .latency = 3}});
  const TaskGraph graph = b.build();
  // max(10 + 1, 11 + 9, 12, 13 + 3) = 20
  CHECK(replay(graph, order_of(graph)).start[4].count() == 20);
}

TEST_CASE("a duration for each task replaces those of the classes", "[formula]") {
  const TaskGraph graph = ping_pong();
  const std::vector<Duration> durations{Duration{1}, Duration{2}, Duration{3}, Duration{4}};
  const TaskTimes times = replay(graph, order_of(graph), durations);
  // 0: [0, 1). 2: [6, 9). 1: [16, 18). 3: [19, 23).
  CHECK(counts(times.start) == std::vector<std::int64_t>{0, 16, 6, 19});
  CHECK(counts(times.end) == std::vector<std::int64_t>{1, 18, 9, 23});
}

TEST_CASE("times handed back for reuse do not show in the result", "[property]") {
  const TaskGraph graph = ping_pong();
  const TopologicalOrder order = order_of(graph);
  TaskTimes old;
  old.start.assign(9, TimePoint{1'000'000});
  old.end.assign(9, TimePoint{2'000'000});
  const TaskTimes times = replay(graph, order, std::move(old));
  CHECK(times.start == replay(graph, order).start);
  CHECK(times.end == replay(graph, order).end);
}

TEST_CASE("a graph without tasks has an empty order and no makespan", "[formula]") {
  TaskGraph graph;
  CHECK(order_of(graph).empty());
  graph.begin = {0, 0, 0};
  CHECK(order_of(graph).empty());
  CHECK(makespan(graph, replay(graph, {})).count() == 0);
}

TEST_CASE("1F1B with equal stages and free transfers takes (m + p - 1)(F + B)", "[formula]") {
  for (const auto& [p, m] : {std::pair{1u, 1u}, {2u, 5u}, {4u, 4u}, {7u, 3u}, {8u, 32u}}) {
    TaskGraph graph = test::one_f_one_b_graph(p, m);
    for (std::size_t c = 0; c < graph.costs.size(); ++c) {
      graph.costs[c] = {.duration = Duration{c % 2 == 0 ? 1'000 : 2'000}};
    }
    CAPTURE(p, m);
    CHECK(makespan(graph, replay(graph, order_of(graph))).count() == (m + p - 1) * 3'000);
  }
}

TEST_CASE("orders of random graphs are topological and their replay obeys the definition", "[property]") {
  test::SplitMix64 random(1);
  for (int i = 0; i < 2'000; ++i) {
    const TaskGraph graph = test::random_graph(random, {.resources = 1 + random.below(8)});
    const TopologicalOrder order = order_of(graph);
    const TaskTimes times = replay(graph, order);
    REQUIRE(is_topological(graph, order));
    REQUIRE(obeys_definition(graph, times));
    REQUIRE(std::get<TaskTimes>(order_and_replay(graph)).start == times.start);
    REQUIRE(std::get<TaskTimes>(order_and_replay(graph)).end == times.end);
    for (const std::uint32_t max_run : {1u, 2u, 5u}) {
      const TopologicalOrder other = order_of(graph, max_run);
      REQUIRE(is_topological(graph, other));
      REQUIRE(replay(graph, other).end == times.end);
    }
  }
}

TEST_CASE("a replay plan gives what replay gives, with the graph's costs and with others", "[property]") {
  test::SplitMix64 random(13);
  for (int i = 0; i < 1'000; ++i) {
    TaskGraph graph = test::random_graph(
        random,
        {.resources = 1 + random.below(8), .tasks = 1 + random.below(200), .inputs = random.below(6)});
    const TopologicalOrder order = order_of(graph, random.below(3));
    const ReplayPlan plan = prepare_replay(graph, order);
    for (int costs = 0; costs < 2; ++costs) {
      const TaskTimes expected = replay(graph, order);
      const TaskTimes times = replay(plan, graph.costs);
      REQUIRE(times.start == expected.start);
      REQUIRE(times.end == expected.end);
      REQUIRE(makespan(plan, graph.costs) == makespan(graph, expected));
      for (TaskCost& cost : graph.costs) cost.duration = Duration{random.below(90)};
    }
  }
}

TEST_CASE("a graph large enough to be written past the cache is replayed the same from order and plan",
          "[property]") {
  // Odd numbers of tasks, so that lines end inside resources, and vectors of several sizes, so that the two
  // arrays begin at different places of a cache line.
  for (const std::uint32_t m : {3'617u, 3'619u, 3'622u, 3'701u}) {
    const TaskGraph graph = test::one_f_one_b_graph(37, m);
    REQUIRE(graph.tasks.size() > (1u << 18));
    const TopologicalOrder order = order_of(graph);
    const TaskTimes expected = replay(graph, order);
    TaskTimes times = replay(prepare_replay(graph, order), graph.costs);
    CAPTURE(m, reinterpret_cast<std::uintptr_t>(times.start.data()) % 64,
            reinterpret_cast<std::uintptr_t>(times.end.data()) % 64);
    CHECK(times.start == expected.start);
    CHECK(times.end == expected.end);
    times = replay(prepare_replay(graph, order_of(graph, 1)), graph.costs, std::move(times));
    CHECK(times.start == expected.start);
    CHECK(times.end == expected.end);
  }
}

TEST_CASE("a task that reads a later task of its own resource waits for itself", "[error]") {
  GraphBuilder b;
  b.resource();
  b.task(1, {{.task = 1}});
  b.task(1);
  const Deadlock deadlock = deadlock_of(b.build());
  CHECK(deadlock.stuck == std::vector<Wait>{{.task = 0, .input = 1}});
  CHECK(deadlock.cycle == std::vector<Wait>{{.task = 0, .input = 1}});
}

TEST_CASE("a task that reads itself is a deadlock", "[error]") {
  GraphBuilder b;
  b.resource();
  b.task(1, {{.task = 0}});
  CHECK(deadlock_of(b.build()).cycle == std::vector<Wait>{{.task = 0, .input = 0}});
}

TEST_CASE("a deadlock names the stuck resources and one circle, not those that wait behind it", "[error]") {
  // Resource 0 finishes. 1 and 2 wait for each other's second task. 3 waits for 1, outside the circle.
  GraphBuilder b;
  b.resource();
  b.task(1);
  b.resource();
  b.task(1, {{.task = 0}, {.task = 5}});  // 1
  b.task(1);                              // 2
  b.resource();
  b.task(1);                 // 3, runs
  b.task(1, {{.task = 2}});  // 4
  b.task(1);                 // 5
  b.resource();
  b.task(1, {{.task = 3}, {.task = 0}, {.task = 1}});  // 6: the third input is missing
  const Deadlock deadlock = deadlock_of(b.build());
  CHECK(deadlock.stuck ==
        std::vector<Wait>{{.task = 1, .input = 5}, {.task = 4, .input = 2}, {.task = 6, .input = 1}});
  CHECK(deadlock.cycle == std::vector<Wait>{{.task = 1, .input = 5}, {.task = 4, .input = 2}});
}

TEST_CASE("a circle is found from a stuck resource outside it, and begins at its smallest task", "[error]") {
  // Resource 0 waits for 3's head; 1, 2, 3 wait in a circle for each other's heads.
  GraphBuilder b;
  b.resource();
  b.task(1, {{.task = 3}});
  b.resource();
  b.task(1, {{.task = 2}});
  b.resource();
  b.task(1, {{.task = 3}});
  b.resource();
  b.task(1, {{.task = 1}});
  const Deadlock deadlock = deadlock_of(b.build());
  CHECK(deadlock.stuck.size() == 4);
  CHECK(deadlock.cycle ==
        std::vector<Wait>{{.task = 1, .input = 2}, {.task = 2, .input = 3}, {.task = 3, .input = 1}});
}

// Every head waits for something that its resource has not made, and the circle closes.
bool explains(const TaskGraph& graph, const Deadlock& deadlock) {
  std::vector<TaskId> head(graph.resources(), kNoTask);
  for (const Wait& wait : deadlock.stuck) head[graph.tasks[wait.task].resource] = wait.task;
  for (std::size_t i = 0; i < deadlock.cycle.size(); ++i) {
    const Wait& wait = deadlock.cycle[i];
    const TaskId next = deadlock.cycle[(i + 1) % deadlock.cycle.size()].task;
    const std::uint32_t resource = graph.tasks[wait.input].resource;
    if (head[resource] != next || wait.input < next) return false;
  }
  return !deadlock.cycle.empty();
}

TEST_CASE("deadlocks of random graphs are circles of waits", "[property]") {
  test::SplitMix64 random(2);
  int deadlocks = 0;
  for (int i = 0; i < 2'000; ++i) {
    const TaskGraph graph = test::random_graph(
        random, {.resources = 1 + random.below(8), .tasks = 12, .inputs = 2, .may_deadlock = true});
    const auto result = topological_order(graph);
    if (const auto* order = std::get_if<TopologicalOrder>(&result)) {
      REQUIRE(is_topological(graph, *order));
      continue;
    }
    ++deadlocks;
    REQUIRE(explains(graph, std::get<Deadlock>(result)));
    REQUIRE(std::get<Deadlock>(order_and_replay(graph)) == std::get<Deadlock>(result));
  }
  CHECK(deadlocks > 200);
  CHECK(deadlocks < 1'800);
}

}  // namespace
}  // namespace stagecraft
