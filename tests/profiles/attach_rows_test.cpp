#include "profiles/attach/attach_rows.h"

#include <catch2/catch.hpp>

using namespace stagecraft;

namespace {

using State = AttachedCall::State;

AttachedCall call(std::string name, std::uint64_t ns, State state = State::Whole, std::string kernel = "k") {
  AttachedCall result;
  result.name = std::move(name);
  result.device_ns = ns;
  result.spans = 2;
  result.in_range = true;
  result.state = state;
  result.kernel = std::move(kernel);
  return result;
}

}  // namespace

TEST_CASE("calls of one operator are one row over all processes, the costliest operator first", "[attach]") {
  AttachedCalls first;
  first.calls = {call("norm", 4000), call("step/mm", 10'000), call("step/mm", 30'000, State::Whole, "big")};
  AttachedCalls second;
  second.calls = {call("step/mm", 20'000), call("step/mm", 999'000, State::BadTime)};
  second.calls[0].in_range = false;
  const std::vector<AttachedCalls> processes = {first, second};
  const AttachedRows attached = attached_rows(processes);
  REQUIRE(attached.rows.size() == 2);
  const MeasuredRow& row = attached.rows[0];
  CHECK(row.suite == "attach");
  CHECK(row.family == "step/mm");
  CHECK(row.calls == 3);
  CHECK(row.kernels_per_call == 2);
  CHECK(row.median_us == Approx(20));
  CHECK(row.p10_us == Approx(12));
  CHECK(row.p90_us == Approx(28));
  CHECK(row.min_us == Approx(10));
  CHECK(row.discarded == 1);
  CHECK(row.kernel == "big");
  CHECK(attached.rows[1].family == "norm");
  CHECK(attached.spans == 8);
  CHECK(attached.device_us == Approx(64));
  CHECK(attached.in_ranges_share == Approx(44. / 64));
  CHECK(attached.notes == std::vector<std::string>{"1 calls left out: the times of a kernel are missing"});
  CHECK(top_operators(attached, 1) ==
        "   calls  kernels     median us       p90 us  operator\n"
        "       3        2        20.000       28.000  step/mm\n"
        "  and 1 more\n");
}

TEST_CASE("what was left out is said with its reason", "[attach]") {
  AttachedCalls process;
  process.calls = {call("a", 1, State::InOverhead), call("b", 1, State::Unfinished), call("c", 1)};
  process.bad_marks = 1;
  process.without_call = 2;
  process.ambiguous = 3;
  process.lost = 4;
  const AttachedRows attached = attached_rows(std::vector<AttachedCalls>{process});
  CHECK(attached.rows.size() == 1);
  CHECK(attached.notes ==
        std::vector<std::string>{
            "1 calls left out: CUPTI was at work meanwhile",
            "1 calls left out: the end of their range is not known",
            "2 operators have no row: none of their calls can be used",
            "4 kernels, copies or fills outside of ranges left out: their times are missing",
            "3 kernels, copies or fills left out: two threads share the call that launched them",
            "2 kernels, copies or fills taken as outside of ranges: their launch was not recorded",
            "1 ends of ranges could not be used; what was launched inside counts as the enclosing range's"});
}

TEST_CASE("operators are written and read as the suites' points are", "[attach]") {
  AttachedCalls process;
  process.calls = {call("step/mm, sizes = [4, 8]", 1500)};
  const AttachedRows attached = attached_rows(std::vector<AttachedCalls>{process});
  const RawRows read =
      parse_raw_rows(to_text(RowsHeader{.device = "GPU"}) + to_text(attached.rows.at(0)), "r");
  REQUIRE(read.rows.size() == 1);
  CHECK(read.rows[0].family == "step/mm; sizes = [4; 8]");
  CHECK(read.rows[0].median_us == 1.5);
}
