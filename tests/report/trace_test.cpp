#include "sim/report/trace.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "timelines.h"
#include "trace_rules.h"

using namespace stagecraft;

namespace {

using Rules = std::vector<std::string>;

std::string trace(const Timeline& timeline, const TraceOptions& options = {}) {
  StringSink sink;
  write_trace(timeline, options, sink);
  return sink.text;
}

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Timeline with_transfer(TestPipeline pipeline, Duration transfer) {
  pipeline.transfer = transfer;
  return run(pipeline);
}

/// Ranks of ops given by start and end; all forwards of stage = rank.
Timeline intervals(const std::vector<std::vector<std::pair<int, int>>>& ranks) {
  Timeline timeline;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    for (std::size_t i = 0; i < ranks[rank].size(); ++i) {
      timeline.ops.push_back(make_op(OpKind::Forward, static_cast<int>(rank), static_cast<int>(i)));
      timeline.start.emplace_back(ranks[rank][i].first);
      timeline.end.emplace_back(ranks[rank][i].second);
      timeline.makespan = std::max(timeline.makespan, timeline.end.back());
    }
    timeline.begin.push_back(timeline.ops.size());
  }
  return timeline;
}

}  // namespace

TEST_CASE("a tiny trace, byte for byte", "[report][golden]") {
  Timeline timeline = intervals({{{0, 1500}}, {{2000, 3001}}});
  timeline.transfers = {{0, 1, TimePoint{1500}, TimePoint{2000}, false}};
  timeline.bubbles = {{1, BubbleCause::WarmUp, 0, TimePoint{0}, TimePoint{2000}}};
  timeline.counters = {{"memory", "bytes", 0, {{TimePoint{0}, 7}, {TimePoint{1500}, 0}}}};
  timeline.rank_names = {"first \"rank\"", ""};
  CHECK(trace(timeline) == R"trace({"displayTimeUnit":"ns","traceEvents":[
{"name":"process_name","ph":"M","pid":1,"args":{"name":"first \"rank\""}},
{"name":"process_sort_index","ph":"M","pid":1,"args":{"sort_index":1}},
{"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"compute"}},
{"name":"thread_sort_index","ph":"M","pid":1,"tid":1,"args":{"sort_index":1}},
{"name":"0F0","cat":"compute","ph":"X","pid":1,"tid":1,"ts":0,"dur":1.5,"args":{"stage":0,"microbatch":0,"kind":"forward"}},
{"name":"activation","cat":"transfer","ph":"s","id":1,"pid":1,"tid":1,"ts":1.499},
{"name":"thread_name","ph":"M","pid":1,"tid":5,"args":{"name":"sends (activations)"}},
{"name":"thread_sort_index","ph":"M","pid":1,"tid":5,"args":{"sort_index":3}},
{"name":"send 0F0","cat":"communication","ph":"X","pid":1,"tid":5,"ts":1.5,"dur":0.5,"args":{"to":"1F0","to_rank":1,"transfer":1}},
{"name":"memory","ph":"C","pid":1,"ts":0,"args":{"bytes":7}},
{"name":"memory","ph":"C","pid":1,"ts":1.5,"args":{"bytes":0}},
{"name":"process_name","ph":"M","pid":2,"args":{"name":"rank 1"}},
{"name":"process_sort_index","ph":"M","pid":2,"args":{"sort_index":2}},
{"name":"thread_name","ph":"M","pid":2,"tid":2,"args":{"name":"compute"}},
{"name":"thread_sort_index","ph":"M","pid":2,"tid":2,"args":{"sort_index":1}},
{"name":"1F0","cat":"compute","ph":"X","pid":2,"tid":2,"ts":2,"dur":1.001,"args":{"stage":1,"microbatch":0,"kind":"forward"}},
{"name":"activation","cat":"transfer","ph":"f","id":1,"pid":2,"tid":2,"ts":2,"bp":"e"},
{"name":"thread_name","ph":"M","pid":2,"tid":4,"args":{"name":"idle"}},
{"name":"thread_sort_index","ph":"M","pid":2,"tid":4,"args":{"sort_index":2}},
{"name":"bubble: warm-up","cat":"idle","ph":"X","pid":2,"tid":4,"ts":0,"dur":2,"args":{"cause":"warm_up","waits_for":"0F0","waits_for_rank":0}}
]}
)trace");
}

TEST_CASE("traces of schedules keep every rule of the format", "[report][property]") {
  const auto ranks = GENERATE(1, 2, 4, 8);
  const auto transfer = GENERATE(0, 1, 300'000, 5'000'000);
  const auto chunks = GENERATE(1, 2);
  CAPTURE(ranks, transfer, chunks);
  const Timeline timeline = with_transfer(interleaved_pipeline(ranks, 8, chunks), Duration{transfer});
  const std::string text = trace(timeline);
  CHECK(broken_trace_rules(text) == Rules{});
  CHECK(count(text, "\"cat\":\"compute\"") == timeline.ops.size());
  CHECK(count(text, "\"ph\":\"s\"") == timeline.transfers.size());
  CHECK(count(text, "\"ph\":\"f\"") == timeline.transfers.size());
  CHECK(count(text, "\"name\":\"send ") == timeline.transfers.size());
  CHECK(count(text, "\"name\":\"bubble: ") == timeline.bubbles.size());
}

TEST_CASE("traces of random timelines keep every rule of the format", "[report][property]") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    const Timeline timeline = random_timeline(seed, 1 + static_cast<int>(seed % 6), 12);
    CHECK(broken_trace_rules(trace(timeline)) == Rules{});
    const Selection part{
        .from = TimePoint{seed % 7}, .to = TimePoint{seed % 23}, .first_rank = 1, .last_rank = 3};
    CHECK(broken_trace_rules(trace(timeline, {.selection = part})) == Rules{});
  }
}

TEST_CASE("a timeline without ranks, or with an empty one, is a trace", "[report]") {
  CHECK(broken_trace_rules(trace(Timeline{})) == Rules{});
  CHECK(trace(Timeline{}) == "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n]}\n");
  CHECK(broken_trace_rules(trace(intervals({{}, {{0, 5}}, {}}))) == Rules{});
}

TEST_CASE("an arrow between ops without length still starts before it ends in the file", "[report]") {
  // Both at 5 ns, the consumer on the rank that is written first.
  Timeline timeline = intervals({{{5, 9}}, {{5, 5}, {5, 7}}});
  timeline.transfers = {{1, 0, TimePoint{5}, TimePoint{5}, true}};
  CHECK(broken_trace_rules(trace(timeline)) == Rules{});
  CHECK(count(trace(timeline), "\"ph\":\"f\"") == 1);
}

TEST_CASE("overlapping sends get as many tracks as overlap, no more", "[report]") {
  Timeline timeline = intervals({{{0, 1}, {1, 2}, {2, 3}}, {{9, 10}, {10, 11}, {11, 12}}});
  const auto send = [](std::uint32_t from, int start, int end) {
    return Transfer{from, from + 3, TimePoint{start}, TimePoint{end}, false};
  };
  timeline.transfers = {send(0, 1, 5), send(1, 2, 6), send(2, 5, 7)};  // the third fits behind the first
  const std::string text = trace(timeline);
  CHECK(broken_trace_rules(text) == Rules{});
  CHECK(count(text, "\"name\":\"sends (activations)\"") == 2);
}

TEST_CASE("a blocking send is one slice, with an arrow from its end", "[report]") {
  Timeline timeline = intervals({{{0, 10}, {10, 14}}, {{14, 20}}});
  timeline.ops[1] = make_op(OpKind::SendForward, 0, 0);
  timeline.transfers = {{1, 2, TimePoint{14}, TimePoint{14}, false}};
  const std::string text = trace(timeline);
  CHECK(broken_trace_rules(text) == Rules{});
  CHECK(count(text, "0SEND_F0") == 1);
  CHECK(count(text, "\"name\":\"send") == 0);
  CHECK(count(text, "\"ph\":\"s\"") == 1);
  CHECK(count(text, "\"ph\":\"X\"") == 3);
  CHECK(trace_size(timeline, {}).slices == 3);
}

TEST_CASE("a trace can be cut to ranks and a window", "[report]") {
  const Timeline timeline = with_transfer(one_f_one_b_pipeline(4, 8), Duration{1'000'000});
  const TraceOptions part{
      .selection = {
          .from = TimePoint{10'000'000}, .to = TimePoint{20'000'000}, .first_rank = 1, .last_rank = 2}};
  const std::string text = trace(timeline, part);
  CHECK(broken_trace_rules(text) == Rules{});
  CHECK(count(text, "process_name") == 2);
  CHECK(count(text, "\"pid\":1,") == 0);
  CHECK(count(text, "\"pid\":4,") == 0);
  CHECK(count(text, "\"ph\":\"X\"") == static_cast<std::size_t>(trace_size(timeline, part).slices));
  CHECK(count(text, "\"ph\":\"X\"") < 60);
  const std::string step = std::to_string(timeline.makespan / Duration{1'000});
  CHECK(count(text,
              "{\"name\":\"stagecraft_cut\",\"ph\":\"M\",\"pid\":2,\"tid\":2,\"args\":{\"window_from\":10000,"
              "\"window_to\":20000,\"makespan\":" +
                  step + ",\"first_rank\":1,\"last_rank\":2,\"ranks\":4}}") == 1);
  CHECK(count(text, "{\"name\":\"receive ") > 0);
  CHECK(count(text, "\"from_rank\":0,") > 0);
  CHECK(count(text, "\"from_rank\":3,") > 0);
}

TEST_CASE("a selection that leaves nothing out is no cut", "[report]") {
  const Timeline timeline = with_transfer(one_f_one_b_pipeline(2, 2), Duration{1'000});
  const Selection all{.to = timeline.makespan + Duration{1}, .last_rank = 7};
  CHECK(trace(timeline, {.selection = all}) == trace(timeline));
}

TEST_CASE("what is switched off is not in the trace", "[report]") {
  const Timeline timeline = with_transfer(one_f_one_b_pipeline(2, 2), Duration{1'000});
  const std::string text = trace(timeline, {.transfers = false, .bubbles = false, .counters = false});
  CHECK(broken_trace_rules(text) == Rules{});
  CHECK(count(text, "\"ph\":\"X\"") == timeline.ops.size());
  CHECK(count(text, "\"ph\":\"s\"") + count(text, "\"ph\":\"C\"") + count(text, "idle") == 0);
}

TEST_CASE("a counter keeps the value that holds at the start of the window", "[report]") {
  Timeline timeline = intervals({{{0, 100}}});
  timeline.counters = {{"memory", "bytes", 0, {{TimePoint{0}, 1}, {TimePoint{20}, 2}, {TimePoint{80}, 3}}}};
  const std::string text = trace(timeline, {.selection = {.from = TimePoint{50}, .to = TimePoint{70}}});
  CHECK(count(text, "\"ph\":\"C\"") == 1);
  CHECK(count(text, "\"ts\":0.02,\"args\":{\"bytes\":2}") == 1);
}

TEST_CASE("the size of a trace is known before it is written", "[report]") {
  const auto ranks = GENERATE(1, 4, 16);
  const Timeline timeline = with_transfer(one_f_one_b_pipeline(ranks, 32), Duration{123'456});
  const std::string text = trace(timeline);
  const TraceSize size = trace_size(timeline, {});
  CHECK(size.slices == static_cast<std::int64_t>(count(text, "\"ph\":\"X\"")));
  CHECK(static_cast<double>(size.bytes) == Approx(static_cast<double>(text.size())).epsilon(0.2));
}

TEST_CASE("a large trace is warned of, with the options that help", "[report]") {
  CHECK(trace_warning({.slices = 500'000, .bytes = 1}).empty());
  CHECK(
      trace_warning({.slices = 1'200'000, .bytes = 158'400'000}) ==
      "the trace has 1200000 slices (about 158 MB), and viewers get slow above 500000; show less of it with "
      "--trace-window 0ms..50ms or --trace-ranks 0-3");
}

TEST_CASE("the same timeline gives the same trace, whatever the order of its transfers", "[report]") {
  Timeline timeline = with_transfer(one_f_one_b_pipeline(4, 4), Duration{1'000});
  CHECK(trace(timeline) == trace(timeline));
  std::reverse(timeline.transfers.begin(), timeline.transfers.end());
  CHECK(broken_trace_rules(trace(timeline)) == Rules{});
}
