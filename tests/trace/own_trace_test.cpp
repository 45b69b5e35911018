#include "sim/trace/own_trace.h"

#include <catch2/catch.hpp>

#include "../report/timelines.h"
#include "../sim/sim_helpers.h"
#include "base/error.h"
#include "sim/report/trace.h"
#include "tests/trace_file.h"

using namespace stagecraft;

namespace {

constexpr TraceFilter filter() {
  return {.phases = kOwnTracePhases, .counter_args = true};
}

Timeline read_back(const std::string& text) {
  const TraceFile file(text);
  TraceFilter wanted = filter();
  wanted.categories = own_trace_categories();
  wanted.args = own_trace_args();
  const ChromeTrace trace = read_chrome_trace(file.path(), wanted);
  CHECK(is_own_trace(trace));
  return timeline_of(trace, "trace.json");
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

TEST_CASE("a trace that was cut has what it shows", "[trace]") {
  TestPipeline pipeline = one_f_one_b_pipeline(4, 8);
  pipeline.transfer = Duration{1'000'000};
  const Timeline part = read_back(written(
      run(pipeline),
      {.selection = {
           .from = TimePoint{10'000'000}, .to = TimePoint{20'000'000}, .first_rank = 1, .last_rank = 2}}));
  CHECK(part.ranks() == 2);
  CHECK(part.rank_names == std::vector<std::string>{"rank 1", "rank 2"});
  CHECK(part.ops.size() > 5);
  for (const Transfer& transfer : part.transfers) CHECK(transfer.end <= part.start[transfer.to_op]);
}

TEST_CASE("what is no trace of Stagecraft says where", "[trace][error]") {
  const auto error_of = [](const std::string& event) {
    try {
      read_back(
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
}
