#include "sim/engine/batch.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/engine/graphs.h"

namespace stagecraft {
namespace {

using test::GraphBuilder;
using test::SplitMix64;

constexpr InstructionSet kSets[] = {InstructionSet::Baseline, InstructionSet::Avx2, InstructionSet::Avx512};

BatchProgram program_of(const TaskGraph& graph) {
  return std::get<BatchProgram>(compile_batch(graph));
}

// Costs of `costs` in one sample, as the graph's own.
TaskGraph with_sample(TaskGraph graph, const CostSamples& costs, std::size_t sample) {
  for (std::size_t c = 0; c < graph.costs.size(); ++c) {
    graph.costs[c].duration = costs.value(3 * c, sample);
    for (std::size_t k = 0; k < 2; ++k) graph.costs[c].latency[k] = costs.value(3 * c + 1 + k, sample);
  }
  return graph;
}

CostSamples random_costs(SplitMix64& random, const TaskGraph& graph, std::size_t samples,
                         std::uint32_t longest) {
  CostSamples costs(graph, samples);
  for (std::size_t c = 0; c < graph.costs.size(); ++c) {
    for (std::size_t s = 0; s < samples; ++s) {
      costs.duration(c, s) = Duration{random.below(longest)};
      for (std::size_t k = 0; k < 2; ++k) costs.latency(c, k, s) = Duration{random.below(longest)};
    }
  }
  return costs;
}

Jitter random_jitter(SplitMix64& random) {
  Jitter jitter{.seed = random.next(), .factors = {}};
  for (std::size_t i = 0; i < kJitterFactors; ++i) jitter.factors.push_back(random.below(4u << kJitterBits));
  return jitter;
}

// The same by replay(), one sample after the other.
BatchResult expected(const TaskGraph& graph, const CostSamples& costs, const std::optional<Jitter>& jitter) {
  const auto order = std::get<TopologicalOrder>(topological_order(graph));
  const std::size_t count = graph.resources() * costs.samples();
  BatchResult result;
  result.resources = {.first_start = std::vector<TimePoint>(count),
                      .last_end = std::vector<TimePoint>(count),
                      .busy = std::vector<Duration>(count)};
  for (std::size_t sample = 0; sample < costs.samples(); ++sample) {
    const TaskGraph own = with_sample(graph, costs, sample);
    std::vector<Duration> durations;
    for (TaskId id = 0; id < own.tasks.size(); ++id) {
      const Duration plain = own.costs[own.tasks[id].cost].duration;
      durations.push_back(jitter ? jittered(plain, *jitter, id, sample) : plain);
    }
    const TaskTimes times = replay(own, order, durations);
    result.makespan.push_back(makespan(own, times));
    for (std::size_t r = 0; r < own.resources(); ++r) {
      if (own.begin[r] == own.begin[r + 1]) continue;
      const std::size_t at = r * costs.samples() + sample;
      result.resources.first_start[at] = times.start[own.begin[r]];
      result.resources.last_end[at] = times.end[own.begin[r + 1] - 1];
      for (std::size_t id = own.begin[r]; id < own.begin[r + 1]; ++id)
        result.resources.busy[at] += durations[id];
    }
  }
  return result;
}

void check_same(const BatchResult& got, const BatchResult& want) {
  REQUIRE(got.makespan == want.makespan);
  REQUIRE(got.resources.first_start == want.resources.first_start);
  REQUIRE(got.resources.last_end == want.resources.last_end);
  REQUIRE(got.resources.busy == want.resources.busy);
}

// A chain of two tasks over two resources.
TaskGraph chain(std::int64_t duration, std::int64_t latency) {
  GraphBuilder b;
  b.resource();
  b.task(duration);
  b.resource();
  b.task(duration, {{.task = 0, .latency = latency}});
  return b.build();
}

TEST_CASE("a batch of two samples gives the makespans computed by hand", "[formula]") {
  const TaskGraph graph = chain(10, 5);
  CostSamples costs(graph, 2);
  costs.duration(1, 1) = Duration{100};
  costs.latency(1, 0, 1) = Duration{7};
  const BatchResult result = replay_batch(program_of(graph), costs, {.per_resource = true});
  // 10 + 5 + 10 and 10 + 7 + 100.
  CHECK(result.makespan == std::vector<TimePoint>{TimePoint{25}, TimePoint{117}});
  CHECK(result.resources.first_start ==
        std::vector<TimePoint>{TimePoint{0}, TimePoint{0}, TimePoint{15}, TimePoint{17}});
  CHECK(result.resources.busy ==
        std::vector<Duration>{Duration{10}, Duration{10}, Duration{10}, Duration{100}});
  CHECK(result.lane_bits == 32);
}

TEST_CASE("every instruction set and lane width gives what replay gives for each sample", "[property]") {
  SplitMix64 random(7);
  for (int i = 0; i < 250; ++i) {
    const TaskGraph graph = test::random_graph(
        random,
        {.resources = 1 + random.below(9), .tasks = 1 + random.below(100), .inputs = random.below(7)});
    const CostSamples costs = random_costs(random, graph, 1 + random.below(40), 1u << random.below(18));
    std::optional<Jitter> jitter;
    if (i % 2 == 1) jitter = random_jitter(random);
    const BatchProgram program = program_of(graph);
    const BatchResult want = expected(graph, costs, jitter);
    for (const InstructionSet set : kSets) {
      if (!supported(set)) continue;
      for (const LaneWidth width : {LaneWidth::Bits32, LaneWidth::Bits64}) {
        CAPTURE(i, name(set), static_cast<int>(width));
        check_same(replay_batch(program, costs,
                                {.set = set, .width = width, .jitter = jitter, .per_resource = true}),
                   want);
      }
    }
  }
  for (const InstructionSet set : kSets) {
    if (!supported(set)) WARN("not tested, since this machine lacks it: " << name(set));
  }
}

TEST_CASE("batches of 1F1B with hours of costs agree with replay in wide lanes", "[property]") {
  SplitMix64 random(8);
  const TaskGraph graph = test::one_f_one_b_graph(9, 33);
  CostSamples costs = random_costs(random, graph, 20, 0xFFFFFFFFu);
  for (std::size_t s = 0; s < 20; ++s) costs.duration(3, s) *= 4'000;  // up to 2^44 ns
  for (const bool with_jitter : {false, true}) {
    std::optional<Jitter> jitter;
    if (with_jitter) jitter = random_jitter(random);
    const BatchResult want = expected(graph, costs, jitter);
    for (const InstructionSet set : kSets) {
      if (!supported(set)) continue;
      const BatchResult got =
          replay_batch(program_of(graph), costs, {.set = set, .jitter = jitter, .per_resource = true});
      CAPTURE(name(set), with_jitter);
      CHECK(got.lane_bits == 64);
      check_same(got, want);
    }
  }
}

TEST_CASE("lanes of 32 bits are chosen up to the last nanosecond that they hold", "[formula]") {
  // Makespan 2 d + c: 2^31 - 1 with d = 2^30 - 1 and c = 1, 2^31 with c = 2.
  const std::int64_t d = (std::int64_t{1} << 30) - 1;
  const TaskGraph fits = chain(d, 1);
  const BatchResult narrow = replay_batch(program_of(fits), CostSamples(fits, 3));
  CHECK(narrow.lane_bits == 32);
  CHECK(narrow.makespan == std::vector<TimePoint>(3, TimePoint{2 * d + 1}));

  const TaskGraph too_long = chain(d, 2);
  const BatchResult wide = replay_batch(program_of(too_long), CostSamples(too_long, 3));
  CHECK(wide.lane_bits == 64);
  CHECK(wide.makespan == std::vector<TimePoint>(3, TimePoint{2 * d + 2}));
  CHECK_THROWS_WITH(
      replay_batch(program_of(too_long), CostSamples(too_long, 3), {.width = LaneWidth::Bits32}),
      "times of a batch could pass 2^31 ns, too long for lanes of 32 bits");
}

TEST_CASE("the bound for 32-bit lanes counts the largest jitter factor", "[formula]") {
  const TaskGraph graph = chain(600'000'000, 0);  // 1.2 s; 2.4 s when doubled
  Jitter jitter{.seed = 1, .factors = std::vector<std::uint32_t>(kJitterFactors, 2u << kJitterBits)};
  const BatchResult doubled = replay_batch(program_of(graph), CostSamples(graph, 1), {.jitter = jitter});
  CHECK(doubled.lane_bits == 64);
  CHECK(doubled.makespan[0].count() == 2'400'000'000);
  CHECK(replay_batch(program_of(graph), CostSamples(graph, 1)).lane_bits == 32);
}

TEST_CASE("jitter of factor one changes nothing, and factors round to the nearest nanosecond", "[formula]") {
  Jitter jitter{.seed = 5, .factors = std::vector<std::uint32_t>(kJitterFactors, 1u << kJitterBits)};
  CHECK(jittered(Duration{123'456'789}, jitter, 7, 9).count() == 123'456'789);
  jitter.factors.assign(kJitterFactors, 3u << (kJitterBits - 1));  // 1.5
  CHECK(jittered(Duration{1}, jitter, 0, 0).count() == 2);         // 1.5 rounds up
  CHECK(jittered(Duration{5}, jitter, 0, 0).count() == 8);         // 7.5 as well
  CHECK(jittered(Duration{10}, jitter, 0, 0).count() == 15);
}

TEST_CASE("jitter draws every factor about equally often, over tasks and over samples", "[property]") {
  Jitter jitter{.seed = 11, .factors = {}};
  for (std::uint32_t i = 0; i < kJitterFactors; ++i) jitter.factors.push_back(i);
  const auto chi_squared = [&](auto&& draw) {
    std::vector<double> seen(kJitterFactors, 0.0);
    const std::size_t draws = 200 * kJitterFactors;
    for (std::size_t i = 0; i < draws; ++i) seen[draw(i)] += 1;
    double sum = 0;
    for (const double n : seen) sum += (n - 200) * (n - 200) / 200;
    return sum;
  };
  const auto index = [&](TaskId task, std::size_t sample) {
    return static_cast<std::size_t>(jittered(Duration{1 << kJitterBits}, jitter, task, sample).count());
  };
  // 1023 degrees of freedom: mean 1023, standard deviation 45; six of them on either side.
  for (const double value :
       {chi_squared([&](std::size_t i) { return index(static_cast<TaskId>(i), 3); }),
        chi_squared([&](std::size_t i) { return index(77, i); }),
        chi_squared([&](std::size_t i) { return index(static_cast<TaskId>(i / 64), i % 64); })}) {
    CHECK(value > 1023 - 6 * 45);
    CHECK(value < 1023 + 6 * 45);
  }
}

TEST_CASE("other seeds and other samples draw other noise", "[property]") {
  SplitMix64 random(12);
  const TaskGraph graph = test::one_f_one_b_graph(4, 16);
  const BatchProgram program = program_of(graph);
  Jitter jitter = random_jitter(random);
  const auto run = [&] { return replay_batch(program, CostSamples(graph, 8), {.jitter = jitter}).makespan; };
  const std::vector<TimePoint> first = run();
  CHECK(run() == first);
  std::vector<TimePoint> sorted = first;
  std::ranges::sort(sorted);
  CHECK(std::ranges::adjacent_find(sorted) == sorted.end());
  ++jitter.seed;
  CHECK(run() != first);
}

TEST_CASE("slots are used again: 1F1B needs a few per stage, however many micro-batches", "[property]") {
  const BatchProgram few = program_of(test::one_f_one_b_graph(16, 64));
  const BatchProgram many = program_of(test::one_f_one_b_graph(16, 1'024));
  CHECK(few.slots == many.slots);
  CHECK(many.slots < 16 * 6);
}

TEST_CASE("a batch of a deadlocked graph is refused with the deadlock", "[error]") {
  GraphBuilder b;
  b.resource();
  b.task(1, {{.task = 1}});
  b.task(1);
  CHECK(std::get<Deadlock>(compile_batch(b.build())).cycle == std::vector<Wait>{{.task = 0, .input = 1}});
}

TEST_CASE("what a batch cannot do is said in words", "[error]") {
  const TaskGraph graph = chain(1, 1);
  const BatchProgram program = program_of(graph);
  CostSamples costs(graph, 1);
  costs.duration(0, 0) = Duration{-1};
  CHECK_THROWS_WITH(replay_batch(program, costs), "costs must be between 0 and 2^44 ns, got -1");
  costs.duration(0, 0) = Duration{(std::int64_t{1} << 44) + 1};
  CHECK_THROWS_WITH(replay_batch(program, costs), "costs must be between 0 and 2^44 ns, got 17592186044417");
  CHECK_THROWS_WITH(CostSamples(graph, 0), "a batch needs at least one sample");
  CHECK_THROWS_WITH(replay_batch(program, CostSamples(test::one_f_one_b_graph(2, 1), 1)),
                    "the samples are of 4 cost classes, the program has 2");
  Jitter jitter{.seed = 0, .factors = {1, 2, 3}};
  CHECK_THROWS_WITH(replay_batch(program, CostSamples(graph, 1), {.jitter = jitter}),
                    "jitter needs 1024 factors, got 3");
  jitter.factors.assign(kJitterFactors, 4u << kJitterBits);
  CHECK_THROWS_WITH(replay_batch(program, CostSamples(graph, 1), {.jitter = jitter}),
                    "jitter factors must be below 4");
}

TEST_CASE("a graph without tasks has makespan 0 in every sample", "[formula]") {
  TaskGraph graph;
  graph.costs.push_back({.duration = Duration{1}});
  graph.begin = {0, 0};
  const BatchResult result = replay_batch(program_of(graph), CostSamples(graph, 2), {.per_resource = true});
  CHECK(result.makespan == std::vector<TimePoint>(2, TimePoint{0}));
}

}  // namespace
}  // namespace stagecraft
