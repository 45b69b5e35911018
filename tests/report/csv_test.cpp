#include "sim/report/csv.h"

#include <catch2/catch.hpp>
#include <string>

#include "timelines.h"

using namespace stagecraft;

namespace {

std::string csv(const Timeline& timeline, const Selection& selection = {}) {
  StringSink sink;
  write_csv(timeline, selection, sink);
  return sink.text;
}

TestPipeline tiny() {
  TestPipeline pipeline = one_f_one_b_pipeline(2, 1);
  pipeline.forward = Duration{1'000};
  pipeline.backward = Duration{2'000};
  pipeline.transfer = Duration{500};
  return pipeline;
}

}  // namespace

TEST_CASE("a timeline is written as CSV with ops and bubbles by time", "[report][golden]") {
  // Rank 0: F ends at 1 us, the gradient comes back at 1 + 0.5 + 1 + 2 + 0.5 = 5 us, B ends at 7 us.
  CHECK(csv(run(tiny())) ==
        "rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n"
        "0,0F0,forward,0,0,0,0.000001,,\n"
        "0,,bubble,,,0.000001,0.0000045,drain,1B0\n"
        "0,,bubble,,,0.0000045,0.000005,link,1B0\n"
        "0,0B0,backward,0,0,0.000005,0.000007,,\n"
        "1,,bubble,,,0,0.000001,warm_up,0F0\n"
        "1,,bubble,,,0.000001,0.0000015,warm_up,0F0\n"
        "1,1F0,forward,1,0,0.0000015,0.0000025,,\n"
        "1,1B0,backward,1,0,0.0000025,0.0000045,,\n"
        "1,,bubble,,,0.0000045,0.000007,tail,\n");
}

TEST_CASE("a CSV can be cut to ranks and a window", "[report][golden]") {
  CHECK(csv(run(tiny()), {.from = TimePoint{4'500}, .to = TimePoint{5'000}, .last_rank = 0}) ==
        "rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n"
        "0,,bubble,,,0.0000045,0.000005,link,1B0\n");
}

TEST_CASE("an op that runs once a step has no micro-batch in a CSV", "[report][golden]") {
  Timeline timeline;
  timeline.ops = {make_op(OpKind::Optimizer, 3)};
  timeline.start = {TimePoint{0}};
  timeline.end = {TimePoint{2'000'000'000}};
  timeline.begin = {0, 1};
  timeline.makespan = timeline.end[0];
  CHECK(csv(timeline) ==
        "rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n"
        "0,3OPTIMIZER,optimizer,3,,0,2,,\n");
}

TEST_CASE("an empty timeline is a CSV with a header only", "[report]") {
  CHECK(csv(Timeline{}) == "rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n");
}
