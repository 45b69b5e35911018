#include <catch2/catch.hpp>

#include "tests/sim/sim_helpers.h"

using namespace stagecraft;
using namespace std::chrono_literals;

namespace {

PipelineProblem small(ScheduleShape shape = {2, 2, 1}) {
  return test::uniform_problem("1f1b", shape, {1ms, 2ms});
}

}  // namespace

TEST_CASE("a deadlock names the circle of waits", "[sim][error]") {
  PipelineProblem problem = small();
  // Rank 1 now wants 1F1 first; rank 0 makes 0F1 only behind 0B0, which needs 1B0.
  problem.schedule.ops = {make_op(OpKind::Forward, 0, 0),  make_op(OpKind::Backward, 0, 0),
                          make_op(OpKind::Forward, 0, 1),  make_op(OpKind::Backward, 0, 1),
                          make_op(OpKind::Forward, 1, 1),  make_op(OpKind::Forward, 1, 0),
                          make_op(OpKind::Backward, 1, 0), make_op(OpKind::Backward, 1, 1)};
  CHECK(test::fault_of(problem) ==
        "deadlock: rank 0 waits at 0B0 for 1B0, which stands behind 1F1 on rank 1; "
        "rank 1 waits at 1F1 for 0F1, which stands behind 0B0 on rank 0");
}

TEST_CASE("incomplete and contradictory schedules are told apart", "[sim][error]") {
  const auto fault = [](auto change) {
    PipelineProblem problem = small();
    change(problem.schedule.ops);
    return test::fault_of(problem);
  };
  // Rank 0: 0F0 0F1 0B0 0B1; rank 1: 1F0 1B0 1F1 1B1.
  CHECK(fault([](auto& ops) { ops[1] = ops[0]; }) == "0F0 stands twice");
  CHECK(fault([](auto& ops) { ops[2] = make_op(OpKind::WeightGradient, 0, 0); }) == "0W0 comes before 0I0");
  CHECK(fault([](auto& ops) { std::swap(ops[4], ops[5]); }) == "1B0 comes before 1F0");
  CHECK(fault([](auto& ops) { ops[4].stage = 0; }) == "0F0: stage 0 is on rank 0 and on rank 1");
  CHECK(fault([](auto& ops) { ops[4].stage = 7; }) == "7F0: there are only 2 stages");
  CHECK(fault([](auto& ops) { ops[4].microbatch = 9; }) == "1F9: there are only 2 micro-batches");
  CHECK(fault([](auto& ops) { ops[3].kind = OpKind::InputGradient; }) == "0W1 is missing");
  CHECK(fault([](auto& ops) { ops[3].kind = OpKind::Optimizer; }) == "0B1 is missing");
  CHECK(fault([](auto& ops) {
          ops[3].kind = OpKind::WeightGradient;
          ops[3].microbatch = 0;
        }) == "0W0: 0B0 has already made the weight gradient");
  CHECK(fault([](auto& ops) { ops[3] = make_op(OpKind::InputGradient, 0, 0); }) == "0I0 stands beside 0B0");
}

TEST_CASE("1F1B's idle time on two ranks has the causes that a hand derives", "[sim]") {
  // F = 1 ms, B = 2 ms, hop 0.5 ms, m = 2:
  //   rank 0: F0 [0,1) F1 [1,2) B0 [5,7) B1 [8,10)
  //   rank 1: F0 [1.5,2.5) B0 [2.5,4.5) F1 [4.5,5.5) B1 [5.5,7.5)
  const auto run = test::simulate(test::uniform_problem("1f1b", {2, 2, 1}, {1ms, 2ms, 500us}));
  CHECK(run.metrics.makespan == 10ms);
  CHECK(run.timeline.start == LargeArray<TimePoint>{0ms, 1ms, 5ms, 8ms, 1500us, 2500us, 4500us, 5500us});
  const auto cause = [&](std::size_t rank, BubbleCause which) {
    return run.metrics.ranks[rank].idle_by_cause[static_cast<std::size_t>(which)];
  };
  CHECK(cause(0, BubbleCause::WarmUp) == 2500us);  // [2, 4.5): 1B0 is not made yet
  CHECK(cause(0, BubbleCause::Link) == 1ms);       // [4.5, 5) and [7.5, 8)
  CHECK(cause(0, BubbleCause::Drain) == 500us);    // [7, 7.5)
  CHECK(cause(1, BubbleCause::WarmUp) == 1ms);     // [0, 1): 0F0 is not made yet
  CHECK(cause(1, BubbleCause::Link) == 500us);     // [1, 1.5)
  CHECK(cause(1, BubbleCause::Tail) == 2500us);    // [7.5, 10)
  Duration listed{0};
  for (const Bubble& bubble : run.timeline.bubbles) listed += bubble.end - bubble.start;
  CHECK(listed == run.metrics.ranks[0].idle + run.metrics.ranks[1].idle);
  CHECK(run.metrics.span == 10ms);
  CHECK(run.metrics.ideal == 6ms);
  CHECK(run.metrics.bubble_over_makespan == Approx(0.4));
  CHECK(run.metrics.bubble_over_ideal == Approx(2.0 / 3));
}

TEST_CASE("a slow rank is blamed as imbalance on every rank, near or far", "[sim]") {
  PipelineProblem problem = test::uniform_problem("1f1b", {4, 40, 1}, {1ms, 2ms});
  problem.stages[3].forward = 2ms;
  problem.stages[3].backward = 4ms;
  const auto run = test::simulate(problem);
  const auto idle = [&](std::size_t rank, BubbleCause cause) {
    return run.metrics.ranks[rank].idle_by_cause[static_cast<std::size_t>(cause)];
  };
  for (std::size_t rank = 0; rank < 3; ++rank) {
    // 40 micro-batches of 6 ms against 3 ms: 120 ms more work, part of which passes in warm-up and drain.
    CHECK(idle(rank, BubbleCause::Imbalance) > 90ms);
    CHECK(idle(rank, BubbleCause::Imbalance) <= 120ms);
    CHECK(idle(rank, BubbleCause::Dependency) == 0ms);
  }
  CHECK(idle(3, BubbleCause::Imbalance) == 0ms);
}

TEST_CASE("equal ranks that wait in the steady phase wait for the order, not for imbalance", "[sim]") {
  PipelineProblem problem = test::uniform_problem("1f1b", {4, 8, 1}, {5ms, 10ms, 1ms});
  problem.schedule = with_blocking_sends(problem.schedule, problem.shape, problem.edges);
  problem.transfers = TransferMode::Blocking;
  for (const RankMetrics& rank : test::simulate(problem).metrics.ranks)
    CHECK(rank.idle_by_cause[static_cast<std::size_t>(BubbleCause::Imbalance)] == 0ms);
}

TEST_CASE("the bubble over the span counts neither optimizer nor reduction", "[sim]") {
  // 1F1B, p = 4, m = 8, equal stages, free hops: (p - 1) / (m + p - 1) of the span, whatever follows it.
  PipelineProblem problem = test::uniform_problem("1f1b", {4, 8, 1}, {5ms, 10ms});
  for (StageCost& stage : problem.stages) {
    stage.optimizer = 500ms;
    stage.gradient_reduction = 70ms;
  }
  problem.schedule = with_step_end(problem.schedule, problem.shape, problem.stages);
  const auto run = test::simulate(problem);
  CHECK(run.metrics.span == 165ms);
  CHECK(run.metrics.makespan == 735ms);
  CHECK(run.metrics.bubble_over_span == Approx(3.0 / 11));
}

TEST_CASE("split backwards keep what the weight gradient needs until it ran", "[sim]") {
  // M_B = 10, M_W = 4, static 100, working 3: F +10, I -6, W -4 (Qi et al. 2024, section 2.1).
  PipelineProblem problem = small({1, 2, 1});
  problem.stages[0] = {.forward = 1ms,
                       .input_gradient = 1ms,
                       .weight_gradient = 1ms,
                       .weight_bytes = 60,
                       .gradient_bytes = 30,
                       .optimizer_bytes = 10,
                       .activation_bytes = 10,
                       .weight_gradient_bytes = 4,
                       .working_bytes = 3};
  problem.schedule.ops = {make_op(OpKind::Forward, 0, 0),        make_op(OpKind::InputGradient, 0, 0),
                          make_op(OpKind::Forward, 0, 1),        make_op(OpKind::InputGradient, 0, 1),
                          make_op(OpKind::WeightGradient, 0, 0), make_op(OpKind::WeightGradient, 0, 1)};
  problem.schedule.begin = {0, 6};
  const auto memory = memory_of(problem);
  const auto run = test::simulate(problem);
  CHECK(run.metrics.ranks[0].memory.static_bytes == 100);
  CHECK(run.metrics.peak_memory_bytes == 100 + 4 + 10 + 3);
  CHECK(run.metrics.peak_activations == 2);
  const auto counters = memory_counters(problem, memory, run.timeline);
  std::vector<std::int64_t> values;
  for (const auto& sample : counters.at(0).samples) values.push_back(sample.value);
  // After an op its working memory is gone, and the next op starts in the same moment.
  CHECK(values == std::vector<std::int64_t>{113, 113, 117, 117, 111, 107, 100});
}

TEST_CASE("blocking transfers hold the sender and lengthen the step", "[sim]") {
  PipelineProblem problem = test::uniform_problem("1f1b", {2, 1, 1}, {1ms, 2ms, 500us});
  problem.schedule = with_blocking_sends(problem.schedule, problem.shape, problem.edges);
  problem.transfers = TransferMode::Blocking;
  const auto run = test::simulate(problem);
  // 0F0 [0,1) send [1,1.5) 1F0 [1.5,2.5) 1B0 [2.5,4.5) send [4.5,5) 0B0 [5,7)
  CHECK(run.metrics.makespan == 7ms);
  CHECK(run.metrics.ranks[0].communication == 500us);
  CHECK(run.metrics.ranks[0].busy == 3ms);
  CHECK(run.metrics.ideal == 3ms);
}

TEST_CASE("reductions and optimizer steps close each rank", "[sim]") {
  PipelineProblem problem = small();
  for (StageCost& stage : problem.stages) {
    stage.gradient_reduction = 3ms;
    stage.optimizer = 1ms;
  }
  problem.schedule = with_step_end(problem.schedule, problem.shape, problem.stages);
  const auto run = test::simulate(problem);
  CHECK(run.metrics.makespan == 9ms + 4ms);
  CHECK(run.metrics.span == 9ms);
  CHECK(run.metrics.ranks[0].communication == 3ms);
}

TEST_CASE("costs without tasks are those with them, for every schedule", "[sim][property]") {
  // What samples of --uncertainty replace must be all that a schedule has: transfers of evictions, fused ops.
  for (const ScheduleEntry& entry : schedules())
    for (const bool shared : {false, true}) {
      CAPTURE(entry.name, shared);
      const ScheduleShape shape = test::some_shape(entry, 6, 12, entry.chunks > 0 ? entry.chunks : 1);
      if (!unmet_condition(entry, shape).empty()) continue;
      PipelineProblem problem =
          test::uniform_problem(entry.name, shape, {Duration(10), Duration(20), Duration(3)});
      for (StageCost& stage : problem.stages)
        stage.eviction = Duration(7), stage.overlap_saving = Duration(4);
      problem.shared_links = shared;
      const auto graph = std::get<TaskGraph>(lower(problem));
      const std::vector<TaskCost> costs = task_costs(problem, placement_of(problem.schedule, shape));
      REQUIRE(costs.size() == graph.costs.size());
      for (std::size_t c = 0; c < costs.size(); ++c) {
        CHECK(costs[c].duration == graph.costs[c].duration);
        for (const int input : {0, 1}) {
          CHECK(costs[c].latency[input] == graph.costs[c].latency[input]);
          CHECK((costs[c].link[input] == kNoLink) == (graph.costs[c].link[input] == kNoLink));
        }
      }
    }
}

TEST_CASE("evictions queue for links that they share", "[sim]") {
  PipelineProblem problem = test::uniform_problem("bpipe", {8, 16, 1}, {Duration(10), Duration(20)});
  for (StageCost& stage : problem.stages) stage.eviction = Duration(40);
  const Duration alone = test::simulate(problem).timeline.makespan;
  problem.shared_links = true;
  const auto graph = std::get<TaskGraph>(lower(problem));
  const auto timeline = std::get<Timeline>(simulate(problem, graph));
  CHECK(timeline.makespan >= alone);
  // Rank 0's evictions go to rank 7 one after the other.
  std::vector<Transfer> sent;
  for (const Transfer& transfer : transfers_of(graph, timeline))
    if (timeline.ops[transfer.from_op].kind == OpKind::Evict && timeline.ops[transfer.from_op].stage == 0)
      sent.push_back(transfer);
  REQUIRE(sent.size() > 1);
  for (std::size_t i = 1; i < sent.size(); ++i) CHECK(sent[i].start >= sent[i - 1].end);
}

TEST_CASE("a stage graph joins its branches where the last one arrives", "[sim]") {
  // Stages 0, 1, 2 feed stage 3, each on its own rank: stage 3 starts after the slowest.
  PipelineProblem problem = test::uniform_problem("gpipe", {4, 1, 1}, {1ms, 2ms});
  problem.edges = {{0, 3, 1ms, 1ms}, {1, 3, 2ms, 2ms}, {2, 3, 3ms, 3ms}};
  problem.stages[1].forward = 5ms;
  const auto run = test::simulate(problem);
  CHECK(run.timeline.start[6] == 7ms);   // 3F0: stage 1 is done at 5 ms, its output here at 7 ms
  CHECK(run.timeline.start[5] == 13ms);  // 2B0: 3B0 ends at 10 ms, its gradient here at 13 ms
}
