#include "profiles/attach/capture_file.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "profiles/attach/capture_text.h"

using namespace stagecraft;

namespace {

ProcessCapture parsed(const std::string& text) {
  std::istringstream in(text);
  return parse_capture(in, "a.capture");
}

/// One record of every kind.
Capture everything() {
  Capture capture;
  DeviceSpan kernel{.start_ns = 1'700'000'000'000'000'001, .end_ns = 1'700'000'000'000'000'101};
  kernel.correlation = 4;
  kernel.stream = 7;
  kernel.graph = 2;
  kernel.name = "_Z4gemmv";
  DeviceSpan copy{.kind = DeviceSpan::Kind::Copy, .start_ns = 5, .end_ns = 9, .correlation = 5, .stream = 8};
  copy.bytes = 4096;
  copy.copy_kind = 2;
  copy.pageable_host = true;
  DeviceSpan fill{.kind = DeviceSpan::Kind::Fill, .start_ns = 5, .end_ns = 6, .correlation = 6, .bytes = 3};
  capture.spans = {kernel, copy, fill};
  capture.calls = {
      {.correlation = 4, .call = 211, .thread = 99, .runtime = true, .start_ns = 1, .end_ns = 2}};
  capture.overheads = {{65536, 10, 20}};
  capture.marks = {{RangeMark::Kind::Start, 1, 99, 1, "NCCL:all reduce"},
                   {RangeMark::Kind::End, 1, 99, 3, {}}};
  capture.bad_times = {17};
  capture.bad_marks = 2;
  capture.unknown = 3;
  capture.dropped = 4;
  return capture;
}

}  // namespace

TEST_CASE("a capture is read as it was written, and counts of several buffers add up", "[attach]") {
  CaptureText text;
  std::string file = CaptureText::header(4711);
  for (int buffer = 0; buffer < 2; ++buffer) file += text.lines(everything());
  file += CaptureText::end();
  const ProcessCapture read = parsed(file);
  CHECK(read.process == 4711);
  CHECK(read.complete);
  CHECK(read.error.empty());
  Capture twice = everything();
  twice.append(everything());
  CHECK(read.capture.spans == twice.spans);
  CHECK(read.capture.calls == twice.calls);
  CHECK(read.capture.overheads == twice.overheads);
  CHECK(read.capture.marks == twice.marks);
  CHECK(read.capture.bad_times == twice.bad_times);
  CHECK(read.capture.bad_marks == 4);
  CHECK(read.capture.unknown == 6);
  CHECK(read.capture.dropped == 8);
}

TEST_CASE("a capture has the names that records share once, and none of their tabs", "[attach]") {
  Capture capture;
  DeviceSpan kernel{.start_ns = 5, .end_ns = 9, .correlation = 1, .name = "a\tb\n"};
  capture.spans = {kernel, kernel};
  CaptureText text;
  CHECK(text.lines(capture) == "n\t0\ta b \nk\t1\t5\t9\t0\t0\t0\nk\t1\t5\t9\t0\t0\t0\n");
  CHECK(text.lines(capture) == "k\t1\t5\t9\t0\t0\t0\nk\t1\t5\t9\t0\t0\t0\n");
}

TEST_CASE("a process that crashed in the middle of a line leaves the lines before it", "[attach]") {
  const ProcessCapture read = parsed(CaptureText::header(3) + "z\t7\nz\t12");
  CHECK(read.capture.bad_times == std::vector<std::uint32_t>{7});
  CHECK_FALSE(read.complete);
  CHECK_FALSE(parsed("").complete);
}

TEST_CASE("a process that could not be traced says why", "[attach]") {
  const ProcessCapture read = parsed(CaptureText::header(3) + CaptureText::error("another\nprofiler"));
  CHECK(read.error == "another profiler");
  CHECK_FALSE(read.complete);
}

TEST_CASE("lines that are none of a capture are named", "[attach][error]") {
  for (const char* line :
       {"", "q\t1", "zz\t1", "z", "z\t", "z\t-1", "z\t1\t2", "z\t4294967296", "k\t1\t5\t9\t0\t0\t0",
        "n\t1\tnot the next number", "f\t1\t9\t5\t0\t0", "e\t1", "a\t1\t2\t3\t4\t5"}) {
    INFO(line);
    CHECK_THROWS_WITH(parsed(CaptureText::header(3) + line + "\n"),
                      "a.capture: error: line 2 is none of a capture");
  }
  CHECK_THROWS_WITH(parsed("# stagecraft_rows: 1\n"), "a.capture: error: line 1 is none of a capture");
  CHECK_THROWS_WITH(read_capture("no/such.capture"), "no/such.capture: error: cannot be read");
}
