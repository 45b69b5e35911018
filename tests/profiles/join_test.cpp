#include "profiles/capture/join.h"

#include <catch2/catch.hpp>

using namespace stagecraft;

namespace {

DeviceSpan span(std::uint32_t correlation, std::uint64_t start, std::uint64_t end, std::string name = "k") {
  DeviceSpan result;
  result.correlation = correlation;
  result.start_ns = start;
  result.end_ns = end;
  result.name = std::move(name);
  return result;
}

}  // namespace

TEST_CASE("several kernels under one id are one call, named by its longest kernel", "[capture]") {
  Capture capture;
  capture.ids = {{1, 7}, {2, 7}};  // split-K: a product and a reduction, each launched by a call of its own
  capture.spans = {span(2, 220, 230, "reduce"), span(1, 100, 200, "product")};
  const JoinedCalls joined = join(capture);
  REQUIRE(joined.calls.size() == 1);
  const OperatorCall& call = joined.calls[0];
  CHECK(call.id == 7);
  CHECK(call.device_ns == 110);  // not the 130 from the first start to the last end
  CHECK(call.start_ns == 100);
  CHECK(call.end_ns == 230);
  CHECK(call.spans == 2);
  CHECK(call.kernel == "product");
}

TEST_CASE("all nodes of a graph share the launch's correlation and are one call", "[capture]") {
  Capture capture;
  capture.ids = {{4, 9}};
  capture.spans = {span(4, 10, 20), span(4, 30, 45), span(4, 50, 51)};
  const JoinedCalls joined = join(capture);
  REQUIRE(joined.calls.size() == 1);
  CHECK(joined.calls[0].spans == 3);
  CHECK(joined.calls[0].device_ns == 26);
}

TEST_CASE("what belongs to no call, and calls of which nothing is there, are counted", "[capture]") {
  Capture capture;
  capture.ids = {{1, 7}, {3, 8}};
  capture.spans = {span(1, 100, 200),
                   span(2, 300, 400)};  // 2: a warm-up without an id; 3: its record is missing
  const JoinedCalls joined = join(capture);
  CHECK(joined.calls.size() == 1);
  CHECK(joined.spans_without_id == 1);
  CHECK(joined.without_spans == 1);
}

TEST_CASE("one API call under two ids makes both calls unusable but the same id twice does not", "[capture]") {
  Capture capture;
  capture.ids = {{1, 7}, {1, 8}, {2, 9}, {2, 9}};
  capture.spans = {span(1, 100, 200), span(2, 300, 350)};
  const JoinedCalls joined = join(capture);
  REQUIRE(joined.calls.size() == 1);
  CHECK(joined.calls[0].id == 9);
  CHECK(joined.calls[0].device_ns == 50);
  CHECK(joined.ambiguous == 2);
}

TEST_CASE("a call that lost the time of one of its kernels is not a shorter call", "[capture]") {
  Capture capture;
  capture.ids = {{1, 7}, {2, 7}, {3, 8}};
  capture.spans = {span(1, 100, 200), span(3, 300, 310)};
  capture.bad_times = {2, 99};
  const JoinedCalls joined = join(capture);
  REQUIRE(joined.calls.size() == 1);
  CHECK(joined.calls[0].id == 8);
  CHECK(joined.bad_time == 1);
}

TEST_CASE("calls during which CUPTI was at work are left out", "[capture]") {
  Capture capture;
  capture.ids = {{1, 1}, {2, 2}, {3, 3}, {4, 4}};
  capture.spans = {span(1, 100, 200), span(2, 200, 300), span(3, 420, 500), span(4, 600, 700)};
  // Two windows that overlap each other end at 201; a third touches no kernel; one covers call 4's launch.
  capture.overheads = {{1, 150, 201}, {1, 140, 160}, {1, 300, 420}, {1, 560, 570}};
  capture.calls = {{.correlation = 4, .call = 1, .runtime = true, .start_ns = 550, .end_ns = 580}};
  const JoinedCalls joined = join(capture);
  REQUIRE(joined.calls.size() == 1);
  CHECK(joined.calls[0].id == 3);
  CHECK(joined.in_overhead == 3);
}

TEST_CASE("the host's time is that of the runtime's calls", "[capture]") {
  Capture capture;
  capture.ids = {{1, 7}, {2, 7}};
  capture.spans = {span(1, 100, 200)};
  capture.calls = {{.correlation = 1, .call = 1, .runtime = true, .start_ns = 50, .end_ns = 54},
                   {.correlation = 1, .call = 2, .runtime = false, .start_ns = 51, .end_ns = 53},
                   {.correlation = 2, .call = 1, .runtime = true, .start_ns = 60, .end_ns = 65}};
  REQUIRE(join(capture).calls.size() == 1);
  CHECK(join(capture).calls[0].api_ns == 9);
}

TEST_CASE("a run of which records were dropped is refused", "[capture][error]") {
  Capture capture;
  capture.ids = {{1, 7}};
  capture.spans = {span(1, 100, 200)};
  capture.dropped = 3;
  CHECK_THROWS_WITH(join(capture),
                    "CUPTI dropped 3 records, so this run measured nothing that can be trusted; use larger "
                    "buffers or fewer launches between two flushes");
}
