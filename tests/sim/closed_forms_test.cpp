// Closed forms of pipeline schedules, checked to the nanosecond on random integer times. They hold under one
// rule: a rank runs its list in order, an op starts when the rank is free and its inputs have arrived, and a
// hop of c takes no rank's time.
#include <catch2/catch.hpp>

#include <algorithm>

#include "base/random.h"
#include "sim/engine/events.h"
#include "tests/sim/sim_helpers.h"

using namespace stagecraft;
using test::Uniform;

TEST_CASE("GPipe's bubble is (p-1)(F+B+W+2c) and a rank holds m activations", "[sim][formula]") {
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 300; ++round) {
    const ScheduleShape shape{.ranks = static_cast<int>(random.between(2, 16)),
                              .microbatches = static_cast<int>(random.between(1, 40))};
    const Uniform t{Duration(random.between(1, 1000000)), Duration(random.between(1, 2000000)),
                    Duration(random.between(0, 50000))};
    CAPTURE(shape.ranks, shape.microbatches, t.forward.count(), t.backward.count(), t.hop.count());
    const auto run = test::simulate(test::uniform_problem("gpipe", shape, t));
    const Duration work = shape.microbatches * (t.forward + t.backward);
    CHECK(run.metrics.makespan - work == (shape.ranks - 1) * (t.forward + t.backward + 2 * t.hop));
    CHECK(run.metrics.ideal == work);
    for (const RankMetrics& rank : run.metrics.ranks)
      CHECK(rank.memory.peak_activations == shape.microbatches);
  }
}

TEST_CASE("1F1B's bubble is (p-1)(F+B+W) + c[2(p-1)m/p + 2(p-2)] and rank s holds p-s activations",
          "[sim][formula]") {
  // m a multiple of p; c small against the slack: c <= W/4 where W is at least a third of the backward.
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 300; ++round) {
    const int p = static_cast<int>(random.between(2, 16));
    const int m = p * static_cast<int>(random.between(1, 8));
    const std::int64_t f = random.between(1000, 1000000);
    const std::int64_t i = random.between(1000, 1000000);
    const std::int64_t w = random.between(1000, 1000000);
    const std::int64_t c = random.between(0, std::min({f, i, w}) / 4);
    CAPTURE(p, m, f, i, w, c);
    const auto run =
        test::simulate(test::uniform_problem("1f1b", {p, m, 1}, {Duration(f), Duration(i + w), Duration(c)}));
    CHECK(run.metrics.makespan.count() - m * (f + i + w) ==
          (p - 1) * (f + i + w) + c * (2 * (p - 1) * (m / p) + 2 * (p - 2)));
    for (int s = 0; s < p; ++s)
      CHECK(run.metrics.ranks[static_cast<std::size_t>(s)].memory.peak_activations == std::min(p - s, m));
  }
}

TEST_CASE("interleaved 1F1B's bubble is (p-1)(F+B+W)/v + 2(pv-1)c and rank 0 holds 2(p-1)+(v-1)p+1 chunks",
          "[sim][formula]") {
  // m a multiple of p; c at most the forward of a chunk. Times divide by v, so that chunks cost whole
  // nanoseconds.
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 300; ++round) {
    const int p = static_cast<int>(random.between(2, 10));
    const int v = static_cast<int>(random.between(2, 5));
    const int m = p * static_cast<int>(random.between(1, 6));
    const std::int64_t f = random.between(1000, 1000000);  // of one chunk
    const std::int64_t i = random.between(1000, 1000000);
    const std::int64_t w = random.between(1000, 1000000);
    const std::int64_t c = random.between(0, std::min(f, w));
    CAPTURE(p, v, m, f, i, w, c);
    const auto run = test::simulate(test::uniform_problem(
        "interleaved-1f1b", {p, m, v}, {Duration(f * v), Duration((i + w) * v), Duration(c)}));
    CHECK(run.metrics.makespan.count() - m * v * (f + i + w) == (p - 1) * (f + i + w) + 2 * (p * v - 1) * c);
    CHECK(run.metrics.peak_activations == std::min(2 * (p - 1) + (v - 1) * p + 1, m * v));
  }
}

TEST_CASE("the zero-bubble paper's columns of 1F1B and ZB-H1 and ZB-H2 come out to 4 digits",
          "[sim][oracle]") {
  // Qi et al., ICLR 2024 (arXiv 2401.10241): times of table 9 in ms, bubble rates of table 5, which are
  // (longest rank span - work) / longest rank span.
  struct Row {
    int p, m;
    double forward, input, weight, hop, one_f_one_b, h1, h2;
  };
  const Row rows[] = {
      {8, 24, 18.522, 18.086, 9.337, .601, .2431, .1585, .1083},
      {8, 32, 18.513, 18.086, 9.331, .626, .1985, .1242, .0837},
      {8, 64, 18.546, 18.097, 9.321, .762, .124, .0674, .0444},
      {8, 24, 29.718, 29.444, 19.927, .527, .2347, .1323, .0698},
      {8, 32, 29.802, 29.428, 19.53, .577, .1898, .1045, .0559},
      {8, 64, 29.935, 29.621, 19.388, .535, .1091, .0554, .0294},
      {16, 48, 11.347, 11.248, 8.132, .377, .2552, .1397, .0672},
      {16, 64, 11.307, 11.254, 8.101, .379, .2082, .1088, .0516},
      {16, 128, 11.325, 11.308, 8.109, .378, .1251, .0576, .0266},
      {32, 96, 10.419, 10.207, 7.715, .408, .2646, .1421, .0641},
      {32, 128, 10.408, 10.204, 7.703, .408, .2168, .1106, .049},
      {32, 256, 10.402, 10.248, 7.698, .46, .1352, .0594, .0257},
  };
  for (const Row& row : rows) {
    const auto bubble = [&](const char* name) {
      const auto ms = [](double value) { return from_seconds(value * 1e-3); };
      PipelineProblem problem = test::uniform_problem(
          name, {row.p, row.m, 1}, {ms(row.forward), ms(row.input) + ms(row.weight), ms(row.hop)});
      for (StageCost& stage : problem.stages) {
        stage.input_gradient = ms(row.input);
        stage.weight_gradient = ms(row.weight);
      }
      return test::simulate(problem).metrics.bubble_over_span;
    };
    CAPTURE(row.p, row.m, row.forward);
    CHECK(std::abs(bubble("1f1b") - row.one_f_one_b) <= 0.00005);
    CHECK(std::abs(bubble("zb-h1") - row.h1) <= 0.00005);
    CHECK(std::abs(bubble("zb-h2") - row.h2) <= 0.00005);
  }
}

TEST_CASE("the zero-bubble paper's interleaved 1F1B is ours without one hop per rank", "[sim][oracle]") {
  // Qi et al., ICLR 2024, tables 5 and 9, v = layers per rank. Replayed, interleaved 1F1B has a bubble of
  // (p-1) X / v + 2 (pv - 1) c with X = F + B + W. All twelve published cells are those of
  // (p-1) X / v + (2 (pv - 1) - p) c, exactly p hops less; which hops are left out there is not published.
  // The test takes p hops off and asks for the published digits.
  struct Row {
    int p, m, v;
    double work, hop, published;  // ms
  };
  const Row rows[] = {
      {8, 24, 3, 18.522 + 18.086 + 9.337, .601, .1055},   {8, 32, 3, 18.513 + 18.086 + 9.331, .626, .0818},
      {8, 64, 3, 18.546 + 18.097 + 9.321, .762, .0443},   {8, 24, 4, 29.718 + 29.444 + 19.927, .527, .0808},
      {8, 32, 4, 29.802 + 29.428 + 19.53, .577, .0628},   {8, 64, 4, 29.935 + 29.621 + 19.388, .535, .032},
      {16, 48, 3, 11.347 + 11.248 + 8.132, .377, .1104},  {16, 64, 3, 11.307 + 11.254 + 8.101, .379, .0852},
      {16, 128, 3, 11.325 + 11.308 + 8.109, .378, .0445}, {32, 96, 2, 10.419 + 10.207 + 7.715, .408, .1493},
      {32, 128, 2, 10.408 + 10.204 + 7.703, .408, .1164}, {32, 256, 2, 10.402 + 10.248 + 7.698, .46, .0624},
  };
  for (const Row& row : rows) {
    const auto ms = [](double value) { return from_seconds(value * 1e-3); };
    const Uniform costs{ms(row.work / 3), ms(row.work * 2 / 3), ms(row.hop)};
    const auto run = test::simulate(test::uniform_problem("interleaved-1f1b", {row.p, row.m, row.v}, costs));
    const double theirs = to_seconds(run.metrics.span) * 1e3 - row.p * row.hop;
    CAPTURE(row.p, row.m, row.v);
    CHECK(std::abs((theirs - row.m * row.work) / theirs - row.published) <= 0.00005);
  }
}

TEST_CASE("no run is shorter than its longest rank or its longest chain", "[sim][property]") {
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 200; ++round) {
    for (const ScheduleEntry& entry : schedules()) {
      const auto shape = test::some_shape(entry, static_cast<int>(random.between(1, 8)),
                                          static_cast<int>(random.between(1, 24)),
                                          entry.chunked ? static_cast<int>(random.between(1, 4)) : 1);
      if (!unmet_condition(entry, shape).empty()) continue;
      PipelineProblem problem = test::uniform_problem(entry.name, shape, {Duration(0), Duration(0)});
      const std::vector<int> rank_of = rank_of_stage(problem.schedule, problem.stages.size());
      Duration chain{0};
      for (StageCost& stage : problem.stages) {
        stage.forward = Duration(random.between(1, 1000));
        stage.input_gradient = Duration(random.between(1, 1000));
        stage.weight_gradient = Duration(random.between(0, 1000));
        stage.backward = stage.input_gradient + stage.weight_gradient;
        chain += stage.forward + stage.input_gradient;
      }
      for (StageEdge& edge : problem.edges) {
        edge.forward_hop = Duration(random.between(0, 500));
        edge.backward_hop = Duration(random.between(0, 500));
        if (rank_of[static_cast<std::size_t>(edge.from)] != rank_of[static_cast<std::size_t>(edge.to)])
          chain += edge.forward_hop + edge.backward_hop;
      }
      CAPTURE(entry.name, shape.ranks, shape.microbatches, shape.chunks);
      const auto run = test::simulate(problem);
      CHECK(run.metrics.makespan >= chain);
      Duration idle{0};
      for (const RankMetrics& rank : run.metrics.ranks) {
        CHECK(run.metrics.makespan >= rank.busy);
        for (Duration part : rank.idle_by_cause) idle += part;
        idle -= rank.idle;
      }
      CHECK(idle == Duration{0});  // every idle nanosecond has exactly one cause
    }
  }
}

TEST_CASE("the event engine gives every schedule the nanosecond that replay gives", "[sim][property]") {
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 500; ++round) {
    for (const ScheduleEntry& entry : schedules()) {
      const auto shape = test::some_shape(entry, static_cast<int>(random.between(1, 8)),
                                          static_cast<int>(random.between(1, 16)),
                                          entry.chunked ? static_cast<int>(random.between(1, 3)) : 1);
      if (!unmet_condition(entry, shape).empty()) continue;
      PipelineProblem problem = test::uniform_problem(entry.name, shape, {Duration(0), Duration(0)});
      for (StageCost& stage : problem.stages) {
        stage.forward = Duration(random.between(0, 1000));
        stage.backward = Duration(random.between(0, 1000));
        stage.input_gradient = Duration(random.between(0, 1000));
        stage.weight_gradient = Duration(random.between(0, 1000));
      }
      for (StageEdge& edge : problem.edges) {
        edge.forward_hop = Duration(random.between(0, 1) * random.between(0, 500));
        edge.backward_hop = Duration(random.between(0, 1) * random.between(0, 500));
      }
      CAPTURE(entry.name, shape.ranks, shape.microbatches, shape.chunks);
      const auto graph = std::get<TaskGraph>(lower(problem));
      const TaskTimes replayed = std::get<TaskTimes>(order_and_replay(graph));
      const TaskTimes events = std::get<EventRun>(simulate_events(graph)).times;
      REQUIRE(events.start == replayed.start);
      REQUIRE(events.end == replayed.end);
    }
  }
}

TEST_CASE("kFkB pays the round trip of a hop once in k micro-batches", "[sim][formula]") {
  // m a multiple of k p, c <= F: the bubble is (p-1)(F+B+W+2c), with k = 2 and 4.
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 300; ++round) {
    const int k = random.between(0, 1) == 0 ? 2 : 4;
    const int p = static_cast<int>(random.between(2, 10));
    const int m = k * p * static_cast<int>(random.between(1, 4));
    const std::int64_t f = random.between(1000, 1000000), b = random.between(2 * f, 3 * f);
    const std::int64_t c = random.between(0, f / 2);
    CAPTURE(k, p, m, f, b, c);
    const ScheduleShape shape{.ranks = p, .microbatches = m, .group = k};
    const auto run =
        test::simulate(test::uniform_problem("kfkb", shape, {Duration(f), Duration(b), Duration(c)}));
    CHECK(run.metrics.makespan.count() - m * (f + b) == (p - 1) * (f + b + 2 * c));
    for (int s = 0; s < p; ++s)
      CHECK(run.metrics.ranks[static_cast<std::size_t>(s)].memory.peak_activations ==
            std::min(k * (p - s), m));
  }
}

TEST_CASE("the breadth-first bubble is (p-1)(F+B)/v and a rank holds every chunk's micro-batches",
          "[sim][formula]") {
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 300; ++round) {
    const int p = static_cast<int>(random.between(2, 10)), v = static_cast<int>(random.between(1, 5));
    const int m = p * static_cast<int>(random.between(1, 4));
    const std::int64_t f = random.between(1000, 1000000), b = random.between(1000, 1000000);  // of one chunk
    const auto run = test::simulate(
        test::uniform_problem("looped-bfs", {p, m, v}, {Duration(f * v), Duration(b * v), Duration(0)}));
    CAPTURE(p, m, v, f, b);
    CHECK(run.metrics.makespan.count() == (m * v + p - 1) * (f + b));
    CHECK(run.metrics.ranks[0].memory.peak_activations == m * v);
  }
}

TEST_CASE("the zero-bubble papers' spans hold for H1 and H2", "[sim][formula]") {
  // Qi et al., ICLR 2024: W <= min(F, B), m >= 2p, c <= W/5.
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 300; ++round) {
    const int p = static_cast<int>(random.between(2, 10)), m = static_cast<int>(random.between(2 * p, 5 * p));
    const std::int64_t w = random.between(1000, 1000000);
    const std::int64_t f = random.between(w, w + w / 3), i = random.between(w, w + w / 3);
    const std::int64_t c = random.between(0, w / 5);
    CAPTURE(p, m, f, i, w, c);
    const auto span = [&](const char* name) {
      PipelineProblem problem =
          test::uniform_problem(name, {p, m, 1}, {Duration(f), Duration(i + w), Duration(c)});
      for (StageCost& stage : problem.stages) {
        stage.input_gradient = Duration(i);
        stage.weight_gradient = Duration(w);
      }
      return test::simulate(problem).metrics.span.count() - m * (f + i + w);
    };
    CHECK(span("zb-h1") == (p - 1) * (f + i - w + 4 * c));
    CHECK(span("zb-h2") == (p - 1) * (f + i - 2 * w + 2 * c));
  }
}

TEST_CASE("ZB-V has no bubble in its span where F, B and W are equal", "[sim][formula]") {
  for (int p = 1; p <= 12; ++p) {
    for (int m = 2 * p; m <= 6 * p; m += p) {
      CAPTURE(p, m);
      const auto run = test::simulate(test::uniform_problem("zb-v", {p, m, 2}, {Duration(20), Duration(40)}));
      CHECK(run.metrics.span == m * Duration(60));
      CHECK(run.metrics.makespan == m * Duration(60) + (p - 1) * Duration(10));
      for (const RankMetrics& rank : run.metrics.ranks) CHECK(rank.memory.peak_activations == 2 * p);
    }
  }
}
