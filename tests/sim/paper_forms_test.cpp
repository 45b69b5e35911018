// Closed forms and peaks of the schedules with copies, waves, segments, evictions and without a flush, each
// from its paper. Under the same rule as in closed_forms_test.cpp.
#include <catch2/catch.hpp>

#include <algorithm>

#include "base/random.h"
#include "tests/sim/sim_helpers.h"

using namespace stagecraft;

TEST_CASE("DualPipe's bubble is (PP/2-1)(FB+F-2W) on the worst rank, for PP+1 activations",
          "[sim][formula]") {
  // DeepSeek-V3, table 2, with F in place of its B where they differ (deepseek-ai/DualPipe issue 23). W <= F
  // = B here; FB is the fused op. PP is p for DualPipe and 2p for DualPipeV, whose ops are those of chunks.
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 200; ++round) {
    const int half = static_cast<int>(random.between(1, 6)), stages = 2 * half;
    const int m = 2 * stages + 2 * static_cast<int>(random.between(0, 10));
    const std::int64_t w = random.between(1000, 100000), f = random.between(w, 2 * w), i = f;
    const std::int64_t fused = random.between(f + i, f + i + w);
    for (const bool v : {false, true}) {
      CAPTURE(stages, m, f, i, w, fused, v);
      PipelineProblem problem =
          test::uniform_problem(v ? "dualpipe-v" : "dualpipe", {v ? half : stages, v ? m / 2 : m, v ? 2 : 1},
                                {Duration(0), Duration(0)});
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
  // Victarry's visualiser and replays of DeepSeek's order, p = 8, m = 20, free hops: F&B of 3, of 2.5 and F10
  // B11 W7 F&B24. Times here in halves.
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
        const auto run =
            test::simulate(test::uniform_problem("gems", {d, m, 1}, {Duration(10), Duration(10 * b)}));
        CHECK(run.metrics.makespan.count() == 10 * (d + m * (d * b + 1) - 1));
        CHECK(run.metrics.peak_activations == 1);
      }
}

TEST_CASE("Hanayo's bubble is (P-1)(f+b)/(2W) where f = b, and a rank holds P micro-batches",
          "[sim][formula]") {
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
  RandomStream random(20261123, "shapes");
  for (int round = 0; round < 200; ++round) {
    const int p = static_cast<int>(random.between(1, 8)), k = static_cast<int>(random.between(1, 6));
    const int m = p * static_cast<int>(random.between(1, 4));
    const std::int64_t f = random.between(1, 1000), b = random.between(1, 2000);  // of a segment
    CAPTURE(p, m, k, f, b);
    for (const char* name : {"terapipe", "seq1f1b"}) {
      CAPTURE(name);
      PipelineProblem problem =
          test::uniform_problem(name, {.ranks = p, .microbatches = m, .segments = k}, {});
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
  // Qi et al., NeurIPS 2024: bubbles of B/2 and about 2B/3 of 1F1B's B, activations of 1/2 and 1/3, with the
  // constants that even and odd p, and multiples of 3, bring. 27/42 of 1F1B's bubble for V-Min on 8 ranks is
  // what the authors' program gives.
  const auto run = [](const char* name, int p) {
    const auto result =
        test::simulate(test::uniform_problem(name, {p, 4 * p, 2}, {Duration(20), Duration(40)}));
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

TEST_CASE("BPipe holds ceil((p+2)/2) activations in the time of 1F1B where transfers hide",
          "[sim][formula]") {
  // Kim et al., ICML 2023, section 3: peak p/2 + 1 on every rank instead of p on the first.
  RandomStream random(20261123, "shapes");
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

TEST_CASE("BPipe's transfers are on the link, and show where they take longer than the pipeline waits",
          "[sim]") {
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
  // Narayanan et al., SOSP 2019, section 3.3: rank s keeps p - s versions; with equal stages a micro-batch
  // leaves rank 0 every F + B. 2BW, ICML 2021: two versions.
  const ScheduleEntry& pipedream = *find_schedule("pipedream");
  const ScheduleShape shape{.ranks = 4, .microbatches = 20};
  PipelineProblem problem = test::uniform_problem("pipedream", shape, {Duration(10), Duration(20)});
  for (StageCost& stage : problem.stages) stage.weight_bytes = 100, stage.optimizer = Duration(3);
  for (int rank = 0; rank < 4; ++rank)
    problem.weight_versions.push_back(pipedream.weight_versions(shape, rank));
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
  CHECK(steady_microbatch(run.timeline) == Duration(33));
  for (std::size_t k = 4; k < 17; ++k) CHECK(backwards[k] - backwards[k - 1] == Duration(33));
  const ScheduleEntry& two = *find_schedule("pipedream-2bw");
  CHECK(two.weight_versions(shape, 0) == 2);
  CHECK(two.update_every(shape) == 4);
}
