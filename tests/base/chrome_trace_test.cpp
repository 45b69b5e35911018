#include "base/chrome_trace.h"

#include <zlib.h>

#include <array>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/trace_text.h"
#include "tests/trace_file.h"

using namespace stagecraft;

namespace {

constexpr std::array<std::string_view, 3> kArgs = {"Input Dims", "Collective name", "Concrete Inputs"};

ChromeTrace read(const std::string& text, TraceFilter filter = {.args = kArgs}) {
  const TraceFile file(text);
  return read_chrome_trace(file.path(), filter);
}

/// The error without the folder of temporary files.
std::string error_of(const std::string& text) {
  const TraceFile file(text);
  try {
    read_chrome_trace(file.path(), {});
  } catch (const InputError& error) {
    const std::string message = error.what();
    CHECK(message.starts_with(file.path() + ": error: "));
    return message.substr(file.path().size() + 9);
  }
  return "no error";
}

std::string packed(const std::string& text) {
  std::string bytes(compressBound(text.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

constexpr const char* kTrace = R"json({
  "schemaVersion": 1,
  "deviceProperties": [{"id": 0, "name": "NVIDIA H200", "numSms": 132}],
  "cuda_runtime_version": 12040,
  "distributedInfo": {"backend": "nccl", "rank": 3, "world_size": 8, "pg_config": [{"pg_name": "0"}]},
  "traceEvents": [
  {"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "python"}},
  {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 2, "ts": 10, "dur": 2.5,
   "args": {"External id": 7, "Input Dims": [[16, 32], [32, 64], []], "Sequence number": 5,
            "Concrete Inputs": ["", "[1, 2]", "a \"b\""]}},
  {"name": "k", "cat": "kernel", "pid": 0, "tid": 7, "ts": 12, "dur": 3.001, "ph": "X",
   "args": {"device": 0, "stream": 7, "correlation": 99, "external id": 7, "Collective name": "allreduce"}},
  {"ph": "X", "cat": "Trace", "name": "PyTorch Profiler (0)", "pid": "Spans", "tid": "PyTorch Profiler",
   "ts": 1, "dur": 20}
  ], "baseTimeNanoseconds": 1700000000000000000
})json";

}  // namespace

TEST_CASE("complete events are read with their ids, times and the arguments asked for", "[base]") {
  const ChromeTrace trace = read(kTrace);
  REQUIRE(trace.events.size() == 3);
  const TraceEvent& op = trace.events[0];
  CHECK(op.name == "aten::mm");
  CHECK(op.category == "cpu_op");
  CHECK((op.pid == 1 && op.tid == 2 && op.external_id == 7 && op.correlation == -1));
  CHECK(op.start == Duration{10'000});
  CHECK(op.end() == Duration{12'500});
  CHECK(arg_of(op, "Input Dims") == "[[16,32],[32,64],[]]");
  CHECK(arg_of(op, "Sequence number").empty());  // not asked for
  const TraceEvent& kernel = trace.events[1];
  CHECK((kernel.device == 0 && kernel.stream == 7 && kernel.correlation == 99 && kernel.external_id == 7));
  CHECK(kernel.duration == Duration{3001});
  CHECK(unquoted(arg_of(kernel, "Collective name")) == "allreduce");
  CHECK((trace.events[2].pid == -1 && trace.events[2].tid == -1));
}

TEST_CASE("what Kineto says of the machine is read wherever it stands", "[base]") {
  const ChromeTrace trace = read(kTrace);
  REQUIRE(trace.devices.size() == 1);
  CHECK((trace.devices[0].id == 0 && trace.devices[0].name == "NVIDIA H200"));
  CHECK((trace.rank == 3 && trace.world_size == 8));
  CHECK((trace.cuda_runtime == 12040 && trace.cuda_driver == -1));
  CHECK(trace.base_time == Duration{1'700'000'000'000'000'000});
}

TEST_CASE("arrays of arguments are taken apart", "[base]") {
  const ChromeTrace trace = read(kTrace);
  const auto dims = elements_of(arg_of(trace.events[0], "Input Dims"));
  REQUIRE(dims.size() == 3);
  CHECK((dims[0] == "[16,32]" && dims[1] == "[32,64]" && dims[2] == "[]"));
  CHECK(elements_of(dims[2]).empty());
  const auto values = elements_of(arg_of(trace.events[0], "Concrete Inputs"));
  REQUIRE(values.size() == 3);
  CHECK((values[0] == "\"\"" && unquoted(values[1]) == "[1, 2]" && unquoted(values[2]) == "a \\\"b\\\""));
  CHECK(elements_of("7").empty());
}

TEST_CASE("times keep their nanoseconds", "[base]") {
  // A double near 1.7e15 is a multiple of 0.25: it cannot hold .789.
  const auto start = [](const std::string& ts) {
    return read(R"([{"ph": "X", "name": "a", "ts": )" + ts + "}]").events.at(0).start.count();
  };
  CHECK(start("1700000000123456.789") == 1'700'000'000'123'456'789);
  CHECK(start("0.0015") == 2);
  CHECK(start("-0.5") == -500);
  CHECK(start("1.5e3") == 1'500'000);
  CHECK(start("7") == 7000);
}

TEST_CASE("who asks for it gets times of every length, as long as they fit", "[base]") {
  const TraceFilter any{.most_start = Duration::max(), .most_duration = Duration::max()};
  const ChromeTrace trace = read(
      R"([{"ph": "X", "ts": 1, "dur": 9223372036854774.807}, {"ph": "X", "ts": 9223372036854775.807}])", any);
  CHECK(trace.events[0].end() == Duration::max());
  CHECK(trace.events[1].start == Duration::max());
  CHECK_THROWS_WITH(read(R"([{"ph": "X", "name": "a", "ts": 1.001, "dur": 9223372036854774.807}])", any),
                    Catch::Contains(": error: event 'a' ends after more than 292 years"));
  for (const char* text : {"9223372036854775.8079", "9223372036854775.808", "9e15"})
    CHECK(!from_microseconds(text));
}

TEST_CASE("only the categories asked for are kept", "[base]") {
  constexpr std::array<std::string_view, 1> kKernels = {"kernel"};
  const ChromeTrace trace = read(kTrace, {.categories = kKernels});
  REQUIRE(trace.events.size() == 1);
  CHECK(trace.events[0].name == "k");
  CHECK(trace.events[0].args.empty());
}

TEST_CASE("a bare array of events, and a packed file, are traces too", "[base]") {
  CHECK(read(R"([{"ph": "X", "name": "a"}, {"ph": "i", "name": "b"}, 5, [{"ph": "X"}]])").events.size() == 1);
  CHECK(read(packed(kTrace)).events.size() == 3);
  CHECK(read(R"({"traceEvents": []})").events.empty());
}

TEST_CASE("a file that is no trace is refused with its place", "[base][error]") {
  CHECK(error_of("{\"traceEvents\": [\n{\"ph\": \"X\",, }]}") ==
        "is no JSON (byte 30, line 2): syntax error while parsing object key - unexpected ','; expected "
        "string "
        "literal\n"
        "      = a trace is written by torch.profiler's export_chrome_trace()");
  CHECK(error_of("m,n,k,us\n").starts_with("is no JSON (byte 1, line 1): "));
  CHECK(error_of("") == "is empty\n      = a trace is written by torch.profiler's export_chrome_trace()");
  CHECK(error_of(packed("")).starts_with("is empty\n"));
  CHECK(error_of("x").starts_with("is no JSON (byte 1, line 1): "));
  CHECK(error_of("{\"traceEvents\": [\n{\"ph\": \"X\", \"name\": \"aten::m") ==
        "ends in the middle of its JSON, after byte 46 (line 2)\n"
        "      = it was cut off: write it again, and wait for export_chrome_trace() to return");
  CHECK(error_of("{\"a\": [1, 2]}").starts_with("is no trace: it has no 'traceEvents'\n"));
  CHECK(error_of("7").starts_with("is no trace: "));
  CHECK(error_of(R"([{"ph": "X", "ts": 1e300}])") ==
        "'1e300' is no time in microseconds, or one of more than 146 years");
  CHECK(error_of(R"([{"ph": "X", "dur": 86400000001}])") ==
        "'86400000001' is no time in microseconds, or one of more than a day");
  CHECK(error_of(R"([{"ph": "X", "name": "a", "ts": 0, "dur": 1, "args": {"b": )") ==
        "ends in the middle of its JSON, after byte 59 (line 1)\n"
        "      = it was cut off: write it again, and wait for export_chrome_trace() to return");
  CHECK_THROWS_WITH(read_chrome_trace("no_such.json", {}),
                    "no_such.json: error: cannot be read: No such file or directory");
}

TEST_CASE("a packed trace that was cut off is refused", "[base][error]") {
  const std::string bytes = packed(kTrace);
  CHECK(error_of(bytes.substr(0, bytes.size() / 2)) ==
        "ends in the middle of its packed bytes\n      = it was cut off: copy or write it again");
}

TEST_CASE("arrows, counters and names are read where they are asked for") {
  const std::string text =
      R"([{"name":"process_name","ph":"M","pid":1,"args":{"name":"rank \"0\""}},
          {"name":"activation","cat":"transfer","ph":"s","id":7,"pid":1,"ts":1.5},
          {"name":"activation","cat":"other","ph":"f","id":7,"pid":1,"ts":2},
          {"name":"memory","ph":"C","pid":1,"ts":3,"args":{"bytes":5,"more":6}}])";
  constexpr std::array<std::string_view, 1> args = {"name"};
  constexpr std::array<std::string_view, 2> categories = {"", "transfer"};
  const ChromeTrace trace =
      read(text, {.categories = categories, .args = args, .phases = "MCsf", .counter_args = true});
  REQUIRE(trace.events.size() == 3);
  CHECK(text_of(arg_of(trace.events[0], "name")) == "rank \"0\"");
  CHECK(trace.events[1].phase == 's');
  CHECK(trace.events[1].id == 7);
  CHECK(args_of(trace.events[2]) ==
        std::vector<std::pair<std::string_view, std::string_view>>{{"bytes", "5"}, {"more", "6"}});
  CHECK(read(text).events.empty());
}

TEST_CASE("keys of counters may have any letters", "[base]") {
  const ChromeTrace trace = read(
      R"([{"ph": "C", "name": "c", "args": {"a\tb": 1, "a": 2, "b\n": {"d\t": 4}, "a\\tb": 5, "\u00e9": 6}}])",
      {.phases = "C", .counter_args = true});
  CHECK(args_of(trace.events.at(0)) ==
        std::vector<std::pair<std::string_view, std::string_view>>{
            {R"(a\tb)", "1"}, {"a", "2"}, {R"(b\n)", R"({"d\t":4})"}, {R"(a\\tb)", "5"}, {"é", "6"}});
  CHECK(arg_of(trace.events[0], "a") == "2");
}
