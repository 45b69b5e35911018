// The checker must find what it is there for: a good trace, broken in one place at a time.
#include "trace_rules.h"

#include <catch2/catch.hpp>
#include <string>

using namespace stagecraft;

namespace {

/// The names of process 1 and 2 with their threads 1 and 2, events 0 to 3.
constexpr const char* kNames =
    R"({"name":"process_name","ph":"M","pid":1,"args":{"name":"a"}},
       {"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{"name":"a"}},
       {"name":"process_name","ph":"M","pid":2,"args":{"name":"b"}},
       {"name":"thread_name","ph":"M","pid":2,"tid":2,"args":{"name":"b"}},)";

std::string slice(int pid, const std::string& time, const std::string& duration) {
  return R"({"name":"0F0","ph":"X","pid":)" + std::to_string(pid) + R"(,"tid":)" + std::to_string(pid) +
         R"(,"ts":)" + time + R"(,"dur":)" + duration + "}";
}

std::string arrow(const std::string& phase, int pid, const std::string& time, const std::string& more = "") {
  return R"({"name":"activation","cat":"transfer","id":1,"ph":")" + phase + R"(","pid":)" +
         std::to_string(pid) + R"(,"tid":)" + std::to_string(pid) + R"(,"ts":)" + time + more + "}";
}

const std::string kEnclosing = R"(,"bp":"e")";

std::vector<std::string> broken(const std::string& events) {
  return broken_trace_rules("{\"traceEvents\":[" + std::string(kNames) + events + "]}");
}

using Rules = std::vector<std::string>;

}  // namespace

TEST_CASE("the checker accepts nested and touching slices, arrows and counters", "[report]") {
  CHECK(broken(slice(1, "0", "5") + "," + slice(1, "1", "2") + "," + slice(1, "5", "1")) == Rules{});
  CHECK(broken(slice(1, "0", "5") + "," + arrow("s", 1, "4.999") + "," + slice(2, "6", "1") + "," +
               arrow("f", 2, "6", kEnclosing)) == Rules{});
  CHECK(broken(R"({"name":"m","ph":"C","pid":1,"ts":0,"args":{"bytes":1}})") == Rules{});
}

TEST_CASE("the checker finds text that is no trace", "[report]") {
  CHECK(broken_trace_rules("{") == Rules{"not JSON"});
  CHECK(broken_trace_rules("[]") == Rules{"no traceEvents"});
}

TEST_CASE("the checker finds ids that start at 0, are no integers or have no name", "[report]") {
  const std::string name = R"({"name":"process_name","ph":"M","pid":0,"args":{"name":"a"}})";
  CHECK(broken(name) == Rules{"event 4: pid is 0"});
  CHECK(broken(R"({"name":"process_name","ph":"M","pid":"1","args":{"name":"a"}})") ==
        Rules{"event 4: pid is no integer"});
  CHECK(broken(R"({"name":"x","ph":"X","pid":1,"tid":7,"ts":0,"dur":1})") ==
        Rules{"event 4: pid 1 tid 7 has no name"});
  CHECK(broken(slice(3, "0", "1")) ==
        Rules{"event 4: pid 3 tid 0 has no name", "event 4: pid 3 tid 3 has no name"});
}

TEST_CASE("the checker finds bad metadata", "[report]") {
  CHECK(broken(R"({"name":"process_name","ph":"M","pid":1,"ts":0,"args":{"name":"a"}})") ==
        Rules{"event 4: metadata has a ts"});
  CHECK(broken(R"({"name":"process_sort_index","ph":"M","pid":1,"args":{"sort_index":"1"}})") ==
        Rules{"event 4: no integer sort_index"});
  CHECK(broken(R"({"name":"thread_name","ph":"M","pid":1,"tid":1,"args":{}})") == Rules{"event 4: no name"});
  CHECK(broken(R"({"name":"process_colour","ph":"M","pid":1})") ==
        Rules{"event 4: unknown metadata process_colour"});
}

TEST_CASE("the checker finds bad times", "[report]") {
  CHECK(broken(slice(1, "-1", "2")) ==
        Rules{"event 4: ts is negative", "event 4: slice is before the one above it"});
  CHECK(broken(slice(1, "\"1\"", "2")) == Rules{"event 4: ts is no number"});
  CHECK(broken(slice(1, "1", "-2")) == Rules{"event 4: dur is negative"});
  CHECK(broken(slice(1, "0.1234", "2")) == Rules{"event 4: ts is finer than a nanosecond"});
}

TEST_CASE("the checker finds slices that overlap or are out of order", "[report]") {
  CHECK(broken(slice(1, "0", "5") + "," + slice(1, "4.999", "2")) ==
        Rules{"event 5: slice overlaps another and does not nest"});
  CHECK(broken(slice(1, "5", "1") + "," + slice(1, "0", "1")) ==
        Rules{"event 5: slice is before the one above it"});
  CHECK(broken(R"({"name":"x","ph":"B","pid":1,"tid":1,"ts":0})") == Rules{"event 4: unknown phase 'B'"});
}

TEST_CASE("the checker finds arrows that viewers drop or bind elsewhere", "[report]") {
  const std::string from = slice(1, "0", "5"), to = slice(2, "6", "1");
  const std::string start = arrow("s", 1, "4.999"), end = arrow("f", 2, "6", kEnclosing);
  const auto list = [](const std::vector<std::string>& events) {
    std::string text;
    for (const auto& event : events) text += (text.empty() ? "" : ",") + event;
    return text;
  };
  CHECK(broken(list({from, arrow("s", 1, "5"), to, end})) ==
        Rules{"event 5: arrow does not start in a slice"});
  // At the same time as its slice, but above it in the file.
  CHECK(broken(list({arrow("s", 1, "0"), from, to, end})) ==
        Rules{"event 4: arrow does not start in a slice"});
  CHECK(broken(list({from, start, to, arrow("f", 2, "6")})) ==
        Rules{"event 7: arrow's end does not bind to the enclosing slice"});
  CHECK(broken(list({from, start, to, arrow("f", 2, "6.5", kEnclosing)})) ==
        Rules{"event 7: arrow does not end at the start of a slice"});
  CHECK(broken(list({from, start, start, to, end})) == Rules{"event 6: arrow's id is used twice"});
  CHECK(broken(list({from, start, to, end, end})) == Rules{"event 8: arrow ends twice"});
  CHECK(broken(list({from, start})) == Rules{"event 5: arrow has no end"});
  CHECK(broken(list({to, end})) == Rules{"event 5: arrow ends before it starts"});
}

TEST_CASE("the checker finds counters that are no numbers or go back in time", "[report]") {
  const auto counter = [](const std::string& time, const std::string& args) {
    return R"({"name":"m","ph":"C","pid":1,"ts":)" + time + R"(,"args":)" + args + "}";
  };
  CHECK(broken(counter("0", R"({"bytes":"1"})")) == Rules{"event 4: counter's value is no number"});
  CHECK(broken(counter("0", "{}")) == Rules{"event 4: counter without a value"});
  CHECK(broken(counter("1", R"({"b":1})") + "," + counter("0", R"({"b":1})")) ==
        Rules{"event 5: counter is before the one above it"});
}
