// Closed forms of pipeline schedules, checked to the nanosecond on random integer times. They hold under one
// rule: a rank runs its list in order, an op starts when the rank is free and its inputs have arrived, and a
// hop of c takes no rank's time.
#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "sim/engine/events.h"
#include "tests/sim/sim_helpers.h"

using namespace stagecraft;
using test::Uniform;

namespace {

/// Whole numbers from the standard's own engine; its distributions differ between libraries.
class Random {
 public:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::mt19937_64 engine_{20261123};
};

}  // namespace

TEST_CASE("GPipe's bubble is (p-1)(F+B+W+2c) and a rank holds m activations", "[sim][formula]") {
  Random random;
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
  Random random;
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
  Random random;
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

TEST_CASE("no run is shorter than its longest rank or its longest chain", "[sim][property]") {
  Random random;
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
  Random random;
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
  Random random;
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
  Random random;
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
  Random random;
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

TEST_CASE("DualPipe's bubble is (PP/2-1)(FB+F-2W) on the worst rank, for PP+1 activations", "[sim][formula]") {
  // DeepSeek-V3, table 2, with F in place of its B where they differ (deepseek-ai/DualPipe issue 23). W <= F = B
  // here; FB is the fused op. PP is p for DualPipe and 2p for DualPipeV, whose ops are those of chunks.
  Random random;
  for (int round = 0; round < 200; ++round) {
    const int half = static_cast<int>(random.between(1, 6)), stages = 2 * half;
    const int m = 2 * stages + 2 * static_cast<int>(random.between(0, 10));
    const std::int64_t w = random.between(1000, 100000), f = random.between(w, 2 * w), i = f;
    const std::int64_t fused = random.between(f + i, f + i + w);
    for (const bool v : {false, true}) {
      CAPTURE(stages, m, f, i, w, fused, v);
      PipelineProblem problem = test::uniform_problem(
          v ? "dualpipe-v" : "dualpipe", {v ? half : stages, v ? m / 2 : m, v ? 2 : 1}, {Duration(0), Duration(0)});
      for (StageCost& stage : problem.stages)
        stage = {.forward = Duration(f),
                 .backward = Duration(i + w),
                 .input_gradient = Duration(i),
                 .weight_gradient = Duration(w),
                 .overlap_saving = Duration(f + i + w - fused),
                 .weight_bytes = 1000000,
                 .activation_bytes = 1};
      const auto run = test::simulate(problem);
      Duration worst{0};
      for (const RankMetrics& rank : run.metrics.ranks) {
        worst = std::max(worst, rank.idle);
        CHECK(rank.memory.peak_activations == stages + 1);
        CHECK(rank.memory.static_bytes == 2000000);
      }
      CHECK(worst.count() == (half - 1) * (fused + f - 2 * w));
    }
  }
}

TEST_CASE("DualPipe's published settings replay to their makespans", "[sim][oracle]") {
  // Victarry's visualiser and replays of DeepSeek's order, p = 8, m = 20, free hops: F&B of 3, of 2.5 and F10 B11
  // W7 F&B24. Times here in halves.
  const auto makespan = [](std::int64_t f, std::int64_t i, std::int64_t w, std::int64_t fused) {
    PipelineProblem problem = test::uniform_problem("dualpipe", {8, 20, 1}, {Duration(0), Duration(0)});
    for (StageCost& stage : problem.stages)
      stage = {.forward = Duration(f),
               .backward = Duration(i + w),
               .input_gradient = Duration(i),
               .weight_gradient = Duration(w),
               .overlap_saving = Duration(f + i + w - fused)};
    return test::simulate(problem).timeline.makespan.count();
  };
  CHECK(makespan(2, 2, 2, 6) == 2 * 66);
  CHECK(makespan(2, 2, 2, 5) == 2 * 59);
  CHECK(makespan(20, 22, 14, 48) == 2 * 576);
}

TEST_CASE("Chimera's bubble is (D-2)b for D micro-batches and for any multiple of them where f = b",
          "[sim][formula]") {
  // Li and Hoefler, SC 2021, table 2: ratios (D-2)/(2N+D-2) and (D-2)/(1.5N+D-2); D/2+1 ... D activations.
  for (int d = 2; d <= 32; d += 2)
    for (int units = 1; units <= 3; ++units)
      for (const int b : {1, 2, 3}) {
        if (units > 1 && b > 1) continue;
        CAPTURE(d, units, b);
        const int n = units * d;
        const auto run =
            test::simulate(test::uniform_problem("chimera", {d, n, 1}, {Duration(10), Duration(10 * b)}));
        CHECK(run.metrics.makespan.count() == 10 * (n * (1 + b) + (d - 2) * b));
        CHECK(run.metrics.ranks[0].memory.peak_activations == d / 2 + 1);
        CHECK(run.metrics.peak_activations == (d == 2 ? 2 : d));
      }
}

TEST_CASE("GEMS runs one micro-batch after the other, in opposite directions", "[sim][formula]") {
  for (int d = 2; d <= 10; d += 2)
    for (int m = 1; m <= 12; ++m)
      for (const int b : {1, 2}) {
        CAPTURE(d, m, b);
        const auto run = test::simulate(test::uniform_problem("gems", {d, m, 1}, {Duration(10), Duration(10 * b)}));
        CHECK(run.metrics.makespan.count() == 10 * (d + m * (d * b + 1) - 1));
        CHECK(run.metrics.peak_activations == 1);
      }
}

TEST_CASE("Hanayo's bubble is (P-1)(f+b)/(2W) where f = b, and a rank holds P micro-batches", "[sim][formula]") {
  // Liu et al., SC 2023, section 3.4.
  for (int p = 1; p <= 8; ++p)
    for (int waves = 1; waves <= 3; ++waves)
      for (int m = p; m <= 3 * p; m += p) {
        CAPTURE(p, waves, m);
        const int v = 2 * waves;
        const auto run =
            test::simulate(test::uniform_problem("hanayo", {p, m, v}, {Duration(10 * v), Duration(10 * v)}));
        CHECK(run.metrics.makespan.count() == 10 * (2 * m * v + 2 * (p - 1)));
        CHECK(run.metrics.peak_activations == p * v);
      }
}

TEST_CASE("segments divide the bubble by their number", "[sim][formula]") {
  // TeraPipe and Seq1F1B with equal segments: (p-1)(F+B)/k; m k segments held, and p + k - 1.
  Random random;
  for (int round = 0; round < 200; ++round) {
    const int p = static_cast<int>(random.between(1, 8)), k = static_cast<int>(random.between(1, 6));
    const int m = p * static_cast<int>(random.between(1, 4));
    const std::int64_t f = random.between(1, 1000), b = random.between(1, 2000);  // of a segment
    CAPTURE(p, m, k, f, b);
    for (const char* name : {"terapipe", "seq1f1b"}) {
      CAPTURE(name);
      PipelineProblem problem = test::uniform_problem(name, {.ranks = p, .microbatches = m, .segments = k}, {});
      const StageCost segment{.forward = Duration(f), .backward = Duration(b), .activation_bytes = 1};
      problem.segment_stages.assign(static_cast<std::size_t>(k), {problem.stages.size(), segment});
      const auto run = test::simulate(problem);
      CHECK(run.metrics.makespan.count() == (m * k + p - 1) * (f + b));
      const std::int64_t held = std::string_view(name) == "terapipe" ? m * k : std::min(p + k - 1, m * k);
      CHECK(run.metrics.peak_activations == held);
      CHECK(run.metrics.peak_memory_bytes == held);
    }
  }
}

TEST_CASE("V-Half and V-Min have the bubbles and peaks of their paper where F, B and W are equal",
          "[sim][formula]") {
  // Qi et al., NeurIPS 2024: bubbles of B/2 and about 2B/3 of 1F1B's B, activations of 1/2 and 1/3, with the constants
  // that even and odd p, and multiples of 3, bring. 27/42 of 1F1B's bubble for V-Min on 8 ranks is what the
  // authors' program gives.
  const auto run = [](const char* name, int p) {
    const auto result = test::simulate(test::uniform_problem(name, {p, 4 * p, 2}, {Duration(20), Duration(40)}));
    return std::pair(result.metrics.span.count() / 10 - 24 * p, result.metrics.peak_activations);
  };
  for (int p = 2; p <= 32; ++p) {
    CAPTURE(p);
    const auto [half, half_peak] = run("v-half", p);
    CHECK(half <= 3 * (p - 1));
    CHECK(half_peak == (p % 2 == 0 ? p + 2 : p + 1));
    const auto [min, min_peak] = run("v-min", p);
    CHECK(min <= 4 * (p - 1) + 1);
    CHECK(min_peak <= 2 * p / 3 + 3);
  }
  CHECK(run("v-min", 8) == std::pair<std::int64_t, std::int64_t>(27, 8));
}

TEST_CASE("BPipe holds ceil((p+2)/2) activations in the time of 1F1B where transfers hide", "[sim][formula]") {
  // Kim et al., ICML 2023, section 3: peak p/2 + 1 on every rank instead of p on the first.
  Random random;
  for (int p = 1; p <= 12; ++p)
    for (const int m : {1, 2, p, 2 * p, 5 * p}) {
      const std::int64_t f = random.between(100, 1000), b = random.between(f, 2 * f);
      CAPTURE(p, m, f, b);
      const auto problem = [&](const char* name) {
        PipelineProblem result = test::uniform_problem(name, {p, m, 1}, {Duration(f), Duration(b)});
        for (StageCost& stage : result.stages) stage.eviction = Duration(f / 2);
        return result;
      };
      const auto run = test::simulate(problem("bpipe"));
      CHECK(run.timeline.makespan == test::simulate(problem("1f1b")).timeline.makespan);
      for (const RankMetrics& rank : run.metrics.ranks)
        CHECK(rank.memory.peak_activations <= std::min((p + 3) / 2, m));
    }
}

TEST_CASE("BPipe's transfers are on the link, and show where they take longer than the pipeline waits", "[sim]") {
  PipelineProblem problem = test::uniform_problem("bpipe", {8, 16, 1}, {Duration(10), Duration(20)});
  for (StageCost& stage : problem.stages) stage.eviction = Duration(300);
  const auto graph = std::get<TaskGraph>(lower(problem));
  const auto slow = std::get<Timeline>(simulate(problem, graph));
  CHECK(slow.makespan > Duration((16 + 7) * 30));
  int evictions = 0, returns = 0;
  for (const Transfer& transfer : transfers_of(graph, slow)) {
    const OpKind from = slow.ops[transfer.from_op].kind;
    if (from != OpKind::Evict && from != OpKind::Return) continue;
    (from == OpKind::Evict ? evictions : returns) += 1;
    CHECK(transfer.end - transfer.start == Duration(300));
    CHECK_FALSE(transfer.backward);
  }
  CHECK(evictions > 0);
  CHECK(evictions == returns);
}

TEST_CASE("PipeDream keeps a version of its weights per micro-batch in flight and never flushes",
          "[sim][formula]") {
  // Narayanan et al., SOSP 2019, section 3.3: rank s keeps p - s versions; with equal stages a micro-batch leaves
  // rank 0 every F + B. 2BW, ICML 2021: two versions.
  const ScheduleEntry& pipedream = *find_schedule("pipedream");
  const ScheduleShape shape{.ranks = 4, .microbatches = 20};
  PipelineProblem problem = test::uniform_problem("pipedream", shape, {Duration(10), Duration(20)});
  for (StageCost& stage : problem.stages) stage.weight_bytes = 100, stage.optimizer = Duration(3);
  for (int rank = 0; rank < 4; ++rank) problem.weight_versions.push_back(pipedream.weight_versions(shape, rank));
  problem.schedule = with_step_end(problem.schedule, shape, problem.stages, pipedream.update_every(shape));
  const auto run = test::simulate(problem);
  for (int rank = 0; rank < 4; ++rank)
    CHECK(run.metrics.ranks[static_cast<std::size_t>(rank)].memory.static_bytes == 100 * (4 - rank));
  std::vector<TimePoint> backwards;
  int updates = 0;
  for (std::size_t i = run.timeline.begin[0]; i < run.timeline.begin[1]; ++i) {
    if (run.timeline.ops[i].kind == OpKind::Backward) backwards.push_back(run.timeline.end[i]);
    updates += run.timeline.ops[i].kind == OpKind::Optimizer;
  }
  CHECK(updates == 20);
  for (std::size_t k = 4; k < 17; ++k) CHECK(backwards[k] - backwards[k - 1] == Duration(33));
  const ScheduleEntry& two = *find_schedule("pipedream-2bw");
  CHECK(two.weight_versions(shape, 0) == 2);
  CHECK(two.update_every(shape) == 4);
}
