#include "sim/engine/events.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sim/engine/replay.h"
#include "tests/engine/graphs.h"

namespace stagecraft {
namespace {

using test::GraphBuilder;

EventRun events_of(const TaskGraph& graph, const EventOptions& options = {}) {
  return std::get<EventRun>(simulate_events(graph, options));
}

TaskTimes replay_of(const TaskGraph& graph) {
  return replay(graph, std::get<TopologicalOrder>(topological_order(graph)));
}

// Two producers on resources 0 and 1 end at 10 and 12; their data crosses link 0 in 100 ns to resources 2
// and 3.
TaskGraph two_over_one_link() {
  GraphBuilder b;
  b.resource();
  b.task(10);
  b.resource();
  b.task(12);
  b.resource();
  b.task(1, {{.task = 0, .latency = 100, .link = 0}});
  b.resource();
  b.task(1, {{.task = 1, .latency = 100, .link = 0}});
  return b.build();
}

TEST_CASE("without contention transfers share a link as if it were theirs alone", "[formula]") {
  const EventRun run = events_of(two_over_one_link(), {.transfers = true});
  CHECK(run.times.start[2].count() == 110);
  CHECK(run.times.start[3].count() == 112);
  CHECK(run.transfers ==
        std::vector<InputTransfer>{
            {.from = 0, .to = 2, .input = 0, .link = 0, .start = TimePoint{10}, .end = TimePoint{110}},
            {.from = 1, .to = 3, .input = 0, .link = 0, .start = TimePoint{12}, .end = TimePoint{112}}});
}

TEST_CASE("with contention the second transfer waits for the first", "[formula]") {
  const EventRun run = events_of(two_over_one_link(), {.contention = true, .transfers = true});
  CHECK(run.times.start[2].count() == 110);
  CHECK(run.times.start[3].count() == 210);
  CHECK(run.transfers[1] ==
        InputTransfer{
            .from = 1, .to = 3, .input = 0, .link = 0, .start = TimePoint{110}, .end = TimePoint{210}});
}

TEST_CASE("transfers asked for at one time are served in the order of their producers' starts", "[formula]") {
  // Both producers end at 10. Resource 1's began at 0, resource 0's second at 5, so resource 1's end was
  // scheduled first: its sequence number is smaller.
  GraphBuilder b;
  b.resource();
  b.task(5);
  b.task(5);
  b.resource();
  b.task(10);
  b.resource();
  b.task(1, {{.task = 1, .latency = 100, .link = 0}});
  b.resource();
  b.task(1, {{.task = 2, .latency = 100, .link = 0}});
  const EventRun run = events_of(b.build(), {.contention = true});
  CHECK(run.times.start[4].count() == 110);
  CHECK(run.times.start[3].count() == 210);
}

TEST_CASE("one producer's transfers over a link go out in the order of its readers", "[formula]") {
  GraphBuilder b;
  b.resource();
  b.task(10);
  b.resource();
  b.task(1, {{.task = 0, .latency = 7, .link = 0}});
  b.resource();
  b.task(1, {{.task = 0, .latency = 7, .link = 0},
             {.task = 0, .latency = 7, .link = 0},
             {.task = 0, .latency = 7, .link = 1}});
  const EventRun run = events_of(b.build(), {.contention = true, .transfers = true});
  // Link 0: [10, 17) to task 1, [17, 24) and [24, 31) to task 2; link 1 is free: [10, 17).
  std::vector<std::int64_t> ends;
  for (const InputTransfer& transfer : run.transfers) ends.push_back(transfer.end.count());
  CHECK(ends == std::vector<std::int64_t>{17, 24, 31, 17});
  CHECK(run.times.start[2].count() == 31);
}

TEST_CASE("the times of tasks that take none and wait for nothing are zero", "[formula]") {
  GraphBuilder b;
  b.resource();
  b.task(0);
  b.task(0);
  b.resource();
  b.task(0, {{.task = 1}});
  const EventRun run = events_of(b.build());
  CHECK(run.times.end == LargeArray<TimePoint>(3, TimePoint{0}));
}

TEST_CASE("events and replay agree to the nanosecond on random graphs, on either queue", "[property]") {
  test::SplitMix64 random(4);
  for (int i = 0; i < 2'500; ++i) {
    const TaskGraph graph = test::random_graph(random, {.resources = 1 + random.below(9),
                                                        .tasks = 1 + random.below(120),
                                                        .inputs = random.below(6),
                                                        .longest = 1 << random.below(20)});
    const TaskTimes expected = replay_of(graph);
    for (const QueueKind queue : {QueueKind::Heap, QueueKind::Buckets}) {
      const EventRun run = events_of(graph, {.queue = queue});
      CAPTURE(i, static_cast<int>(queue));
      REQUIRE(run.times.start == expected.start);
      REQUIRE(run.times.end == expected.end);
    }
  }
}

TEST_CASE("events and replay agree on 1F1B", "[property]") {
  for (const auto& [p, m] : {std::pair{1u, 3u}, {2u, 1u}, {5u, 16u}, {16u, 7u}, {32u, 128u}}) {
    const TaskGraph graph = test::one_f_one_b_graph(p, m);
    CAPTURE(p, m);
    const EventRun run = events_of(graph);
    CHECK(run.times.end == replay_of(graph).end);
    // An end for each op and an arrival for each transfer between stages.
    CHECK(run.queue_events == 2 * p * m + 2 * (p - 1) * m);
  }
}

// No two transfers on one link overlap, each takes its latency, and every task starts when all is there.
bool respects_links(const TaskGraph& graph, const EventRun& run) {
  std::vector<std::vector<std::pair<TimePoint, TimePoint>>> carried(graph.links);
  for (const InputTransfer& transfer : run.transfers) {
    if (transfer.start < run.times.end[transfer.from] || transfer.end > run.times.start[transfer.to])
      return false;
    if (transfer.link == kNoLink && transfer.start != run.times.end[transfer.from]) return false;
    if (transfer.link != kNoLink) carried[transfer.link].emplace_back(transfer.start, transfer.end);
  }
  for (auto& link : carried) {
    std::ranges::sort(link);
    for (std::size_t i = 1; i < link.size(); ++i) {
      if (link[i].first < link[i - 1].second) return false;
    }
  }
  return true;
}

TEST_CASE("links under contention carry one transfer at a time, and nothing gets faster", "[property]") {
  test::SplitMix64 random(5);
  bool slower = false;
  for (int i = 0; i < 1'000; ++i) {
    const TaskGraph graph = test::random_graph(random, {.resources = 1 + random.below(9), .tasks = 80});
    const EventRun run = events_of(graph, {.queue = QueueKind::Heap, .contention = true, .transfers = true});
    const EventRun same =
        events_of(graph, {.queue = QueueKind::Buckets, .contention = true, .transfers = true});
    REQUIRE(respects_links(graph, run));
    REQUIRE(run.transfers == same.transfers);
    REQUIRE(run.times.end == same.times.end);
    const TaskTimes free = replay_of(graph);
    for (std::size_t id = 0; id < free.end.size(); ++id) {
      REQUIRE(run.times.end[id] >= free.end[id]);
      slower = slower || run.times.end[id] > free.end[id];
    }
  }
  CHECK(slower);
}

TEST_CASE("the event engine names the same deadlock as the order", "[error]") {
  test::SplitMix64 random(6);
  int deadlocks = 0;
  for (int i = 0; i < 500; ++i) {
    const TaskGraph graph = test::random_graph(
        random, {.resources = 1 + random.below(8), .tasks = 12, .inputs = 3, .may_deadlock = true});
    const auto order = topological_order(graph);
    const auto run = simulate_events(graph);
    REQUIRE(std::holds_alternative<Deadlock>(order) == std::holds_alternative<Deadlock>(run));
    if (!std::holds_alternative<Deadlock>(order)) continue;
    ++deadlocks;
    REQUIRE(std::get<Deadlock>(order) == std::get<Deadlock>(run));
  }
  CHECK(deadlocks > 50);
}

}  // namespace
}  // namespace stagecraft
