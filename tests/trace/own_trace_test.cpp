#include "sim/trace/own_trace.h"

#include <catch2/catch.hpp>

#include "../report/timelines.h"
#include "../sim/sim_helpers.h"
#include "base/error.h"
#include "sim/report/trace.h"
#include "tests/trace_file.h"

using namespace stagecraft;

namespace {

OwnTrace own_trace(const std::string& text) {
  const TraceFile file(text);
  const ChromeTrace trace = read_chrome_trace(file.path(), {.categories = own_trace_categories(),
                                                            .args = own_trace_args(),
                                                            .phases = kOwnTracePhases,
                                                            .counter_args = true,
                                                            .most_start = Duration::max(),
                                                            .most_duration = Duration::max()});
  return own_trace_of(trace, "trace.json");
}

Timeline read_back(const std::string& text) {
  OwnTrace own = own_trace(text);
  CHECK(!own.is_cut());
  CHECK(own.transfers.empty());
  return std::move(own.timeline);
}

std::string written(const Timeline& timeline, const TraceOptions& options = {}) {
  StringSink sink;
  write_trace(timeline, options, sink);
  return sink.text;
}

bool operator==(const Transfer& a, const Transfer& b) {
  return a.from_op == b.from_op && a.to_op == b.to_op && a.start == b.start && a.end == b.end &&
         a.backward == b.backward;
}

bool operator==(const Bubble& a, const Bubble& b) {
  return a.rank == b.rank && a.cause == b.cause && a.waits_for == b.waits_for && a.start == b.start &&
         a.end == b.end;
}

bool operator==(const Counter::Sample& a, const Counter::Sample& b) {
  return a.time == b.time && a.value == b.value;
}

bool operator==(const Counter& a, const Counter& b) {
  return a.name == b.name && a.unit == b.unit && a.rank == b.rank &&
         std::equal(a.samples.begin(), a.samples.end(), b.samples.begin(), b.samples.end(),
                    [](auto& x, auto& y) { return x == y; });
}

template <class List>
bool same(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](auto& x, auto& y) { return x == y; });
}

void check_same(const Timeline& read, const Timeline& wrote) {
  CHECK(read.begin == wrote.begin);
  CHECK(same(read.ops, wrote.ops));
  CHECK(same(read.start, wrote.start));
  CHECK(same(read.end, wrote.end));
  CHECK(same(read.transfers, wrote.transfers));
  CHECK(same(read.bubbles, wrote.bubbles));
  CHECK(same(read.counters, wrote.counters));
  CHECK(read.rank_names == wrote.rank_names);
  CHECK(read.makespan == wrote.makespan);
}

void check_same(const std::vector<RankActivity>& read, const std::vector<RankActivity>& wrote) {
  REQUIRE(read.size() == wrote.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    const RankActivity &a = read[i], &b = wrote[i];
    CHECK(a.name == b.name);
    CHECK(a.window == b.window);
    CHECK(std::equal(a.work.begin(), a.work.end(), b.work.begin(), b.work.end(), [](auto& x, auto& y) {
      return x.start == y.start && x.end == y.end && x.work == y.work;
    }));
    CHECK(std::equal(a.idle.begin(), a.idle.end(), b.idle.begin(), b.idle.end(), [](auto& x, auto& y) {
      return x.start == y.start && x.end == y.end && x.cause == y.cause;
    }));
  }
}

/// Everything that `stagecraft run --trace` asks of a run.
Timeline traced(PipelineProblem problem) {
  const auto lowered = lower(problem);
  const auto& graph = std::get<TaskGraph>(lowered);
  const std::vector<RankMemory> memory = memory_of(problem);
  Timeline timeline = std::get<Timeline>(simulate(problem, graph));
  timeline.bubbles = bubbles_of(graph, timeline, work_of(timeline));
  timeline.transfers = transfers_of(graph, timeline);
  timeline.counters = memory_counters(problem, memory, timeline);
  return timeline;
}

}  // namespace

TEST_CASE("the trace of every schedule reads back as the same timeline", "[trace][property]") {
  using namespace std::chrono_literals;
  const auto hop = GENERATE(Duration{0}, Duration{1}, Duration{700'123});
  for (const ScheduleEntry& entry : schedules()) {
    for (const int p : {1, 2, 4}) {
      for (const int m : {4, 8}) {
        const ScheduleShape shape =
            test::some_shape(entry, p, m, entry.chunks ? entry.chunks : entry.default_chunks);
        if (!unmet_condition(entry, shape).empty()) continue;
        CAPTURE(entry.name, p, m, hop);
        PipelineProblem problem =
            test::uniform_problem(entry.generate(shape), shape, {1'000'001ns, 2'000'003ns, hop});
        for (StageCost& stage : problem.stages) stage.optimizer = 300'007ns;
        const Timeline timeline = traced(std::move(problem));
        check_same(read_back(written(timeline)), timeline);
      }
    }
  }
}

TEST_CASE("random timelines read back but for what their bubbles wait for", "[trace][property]") {
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    Timeline timeline = random_timeline(seed, 1 + static_cast<int>(seed % 6), 12);
    if (timeline.ops.size() == 0) continue;
    timeline.rank_names.assign(static_cast<std::size_t>(timeline.ranks()), "a \"rank\"\n");
    CAPTURE(seed);
    check_same(read_back(written(timeline)), timeline);
  }
}

TEST_CASE("a trace that was cut has what it shows and says of what", "[trace]") {
  TestPipeline pipeline = one_f_one_b_pipeline(4, 8);
  pipeline.transfer = Duration{1'000'000};
  const Timeline whole = run(pipeline);
  const Selection shown{
      .from = TimePoint{10'000'000}, .to = TimePoint{20'000'000}, .first_rank = 1, .last_rank = 2};
  const OwnTrace own = own_trace(written(whole, {.selection = shown}));
  CHECK(own.is_cut());
  CHECK((own.shown.from == shown.from && own.shown.to == shown.to));
  CHECK((own.shown.first_rank == 1 && own.shown.last_rank == 2));
  const Timeline& part = own.timeline;
  CHECK(part.ranks() == 4);
  CHECK(part.makespan == whole.makespan);
  CHECK(part.rank_names.empty());
  CHECK((part.begin[1] == 0 && part.begin[4] == part.begin[3]));
  CHECK(part.ops.size() > 5);
  for (const Transfer& transfer : part.transfers) CHECK(transfer.end <= part.start[transfer.to_op]);
}

TEST_CASE("a cut trace has the numbers of its part of the whole step", "[trace][property]") {
  const auto cut_at = GENERATE(0, 3, 7, 20);
  const auto ranks = GENERATE(1, 2, 4);
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    const Timeline whole = random_timeline(seed, 4, 12);
    const Selection shown{.from = TimePoint{cut_at},
                          .to = TimePoint{cut_at + 3 + seed % 9},
                          .first_rank = static_cast<int>(seed) % 3,
                          .last_rank = static_cast<int>(seed) % 3 + ranks - 1};
    CAPTURE(seed, cut_at, ranks);
    const OwnTrace own = own_trace(written(whole, {.selection = shown}));
    CHECK(own.is_cut());
    check_same(activity_of(own.timeline, own.shown, own.transfers), activity_of(whole, shown));
  }
}

TEST_CASE("the numbers of both halves of a step are those of the whole", "[trace][property]") {
  TestPipeline pipeline = interleaved_pipeline(4, 8, 2);
  pipeline.transfer = Duration{300'007};
  const Timeline whole = run(pipeline);
  const TimePoint middle{whole.makespan / 2 + Duration{1}};
  const std::vector<RankActivity> all = activity_of(whole);
  const std::vector<RankActivity> left = activity_of(whole, {.to = middle});
  const std::vector<RankActivity> right = activity_of(whole, {.from = middle});
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    const ActivityMetrics a = metrics_of(left[rank]), b = metrics_of(right[rank]),
                          sum = metrics_of(all[rank]);
    CHECK(a.span + b.span == sum.span);
    CHECK(a.compute + b.compute == sum.compute);
    CHECK(a.communication + b.communication == sum.communication);
    CHECK(a.overlap + b.overlap == sum.overlap);
    for (std::size_t i = 0; i < kIdleCauses; ++i)
      CHECK(a.idle_by_cause[i] + b.idle_by_cause[i] == sum.idle_by_cause[i]);
  }
}

TEST_CASE("ops may take years", "[trace]") {
  constexpr std::int64_t kYear = 31'557'600'000'000'000;
  Timeline timeline;
  for (const std::int64_t start : {std::int64_t{0}, 150 * kYear}) {
    timeline.ops.push_back(make_op(OpKind::Forward, 0, static_cast<int>(timeline.ops.size())));
    timeline.start.emplace_back(start);
    timeline.end.emplace_back(start + 140 * kYear);
  }
  timeline.end[1] = TimePoint::max();
  timeline.begin.push_back(2);
  timeline.makespan = TimePoint::max();
  check_same(read_back(written(timeline)), timeline);
  CHECK(metrics_of(activity_of(timeline)[0]).span == Duration::max());
}

TEST_CASE("counters keep names and units of any letters apart", "[trace]") {
  Timeline timeline;
  timeline.ops.push_back(make_op(OpKind::Forward, 0, 0));
  timeline.start.emplace_back(0);
  timeline.end.emplace_back(5);
  timeline.begin.push_back(1);
  timeline.makespan = TimePoint{5};
  for (const char* unit : {"a\tb", "a", "a\nb", "a\\tb", "\"", ""})
    timeline.counters.push_back({"memory\t\n", unit, 0, {{TimePoint{1}, 7}, {TimePoint{2}, 8}}});
  check_same(read_back(written(timeline)), timeline);
}

TEST_CASE("what is no trace of Stagecraft says where", "[trace][error]") {
  const auto error_of = [](const std::string& event) {
    try {
      own_trace(
          "[{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"rank 0\"}},\n"
          "{\"name\":\"0F0\",\"ph\":\"X\",\"cat\":\"compute\",\"pid\":1,\"ts\":1.5,\"dur\":2,\"args\":{"
          "\"stage\":0,"
          "\"kind\":\"forward\"}},\n" +
          event + "]");
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const std::string hint = "\n      = a trace of Stagecraft is what `stagecraft run --trace` writes";
  const std::string second = "{\"name\":\"0B0\",\"ph\":\"X\",\"cat\":\"compute\",\"pid\":1,\"dur\":2,";
  CHECK(error_of(second + "\"ts\":2.5,\"args\":{\"stage\":0,\"kind\":\"backward\"}}") ==
        "trace.json: error: event '0B0' at 2.5 us begins before '0F0' on the same rank ends" + hint);
  CHECK(error_of(second + "\"ts\":4,\"args\":{\"stage\":0,\"kind\":\"sideways\"}}") ==
        "trace.json: error: event '0B0' at 4 us is of the unknown kind 'sideways'" + hint);
  CHECK(error_of(second + "\"ts\":4,\"args\":{\"stage\":70000,\"kind\":\"backward\"}}") ==
        "trace.json: error: event '0B0' at 4 us has 'stage' '70000', which is no number from 0 to 65535" +
            hint);
  CHECK(error_of("{\"name\":\"0F1\",\"ph\":\"X\",\"cat\":\"compute\",\"pid\":7,\"ts\":9,\"dur\":2,\"args\":{"
                 "\"stage\":0,"
                 "\"kind\":\"forward\"}}") ==
        "trace.json: error: event '0F1' at 9 us is of process 7, which has no name" + hint);
  CHECK(error_of(second + "\"ts\":4,\"args\":{\"cause\":\"boredom\"}}") ==
        "trace.json: error: event '0B0' at 4 us has the unknown cause 'boredom'" + hint);
  CHECK(error_of("{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"args\":{\"name\":\"b\"}}") ==
        "trace.json: error: names process 1 twice\n"
        "      = two traces were joined in it: give one that `stagecraft run --trace` wrote");
  const auto cut = [&](const std::string& args) {
    return error_of("{\"name\":\"stagecraft_cut\",\"ph\":\"M\",\"pid\":1,\"args\":{" + args + "}}");
  };
  const std::string window = "\"window_from\":1,\"window_to\":2,\"makespan\":4,";
  const std::string nothing =
      "trace.json: error: event 'stagecraft_cut' at 0 us does not say which part of a step the trace shows";
  CHECK(cut(window + "\"ranks\":2,\"first_rank\":0,\"last_rank\":1") == "no error");
  CHECK(cut(window + "\"ranks\":2,\"first_rank\":1,\"last_rank\":0") == nothing + hint);
  CHECK(cut(window + "\"ranks\":2") == nothing + hint);
  CHECK(cut("\"ranks\":2,\"first_rank\":0,\"last_rank\":1") == nothing + hint);
  CHECK(cut(window + "\"ranks\":2,\"first_rank\":0,\"last_rank\":2") ==
        "trace.json: error: event 'stagecraft_cut' at 0 us has 'last_rank' '2', which is no number from 0 to "
        "1" +
            hint);
}
