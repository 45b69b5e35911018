#include "profiles/attach/operator_calls.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "profiles/attach/operator_name.h"
#include "profiles/attach/ranges.h"

using namespace stagecraft;

namespace {

using State = AttachedCall::State;

constexpr std::uint32_t kMain = 100;
constexpr std::uint32_t kOther = 200;

/// Records of a program that never ran, in any order.
class Program {
 public:
  Program& range(std::uint32_t id, std::string name, std::uint64_t start, std::uint64_t end,
                 std::uint32_t thread = kMain) {
    return push(id, std::move(name), start, thread).pop(id, end, thread);
  }
  Program& push(std::uint32_t id, std::string name, std::uint64_t time, std::uint32_t thread = kMain) {
    capture.marks.push_back({RangeMark::Kind::Start, id, thread, time, std::move(name)});
    return *this;
  }
  Program& pop(std::uint32_t id, std::uint64_t time, std::uint32_t thread = kMain) {
    capture.marks.push_back({RangeMark::Kind::End, id, thread, time, {}});
    return *this;
  }
  /// A kernel of `ns`, launched at `time` and run much later.
  Program& kernel(std::uint32_t correlation, std::uint64_t time, std::uint64_t ns, std::string name = "k",
                  std::uint32_t thread = kMain) {
    call(correlation, time, thread);
    DeviceSpan span;
    span.correlation = correlation;
    span.start_ns = 100'000 + 1000 * correlation;
    span.end_ns = span.start_ns + ns;
    span.name = std::move(name);
    capture.spans.push_back(std::move(span));
    return *this;
  }
  Program& call(std::uint32_t correlation, std::uint64_t time, std::uint32_t thread = kMain) {
    capture.calls.push_back({.correlation = correlation,
                             .call = 1,
                             .thread = thread,
                             .runtime = true,
                             .start_ns = time,
                             .end_ns = time + 5});
    return *this;
  }

  AttachedCalls calls() const { return operator_calls(capture); }

  Capture capture;
};

std::vector<std::string> names(const AttachedCalls& traced) {
  std::vector<std::string> result;
  for (const AttachedCall& call : traced.calls) result.push_back(call.name);
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a kernel belongs to the innermost range that was open when it was launched", "[attach]") {
  // Kernel 3 is launched behind `forward` and inside `step`; 4 outside of both.
  const AttachedCalls traced = Program()
                                   .range(1, "step", 100, 200)
                                   .range(2, "forward", 110, 150)
                                   .kernel(1, 120, 10, "a")
                                   .kernel(2, 149, 30, "b")
                                   .kernel(3, 150, 7)
                                   .kernel(4, 200, 9, "tail")
                                   .calls();
  REQUIRE(names(traced) == Names{"step", "step/forward", "tail"});
  CHECK(traced.ranges == 2);
  CHECK(traced.calls[0].device_ns == 7);
  CHECK(traced.calls[1].device_ns == 40);
  CHECK(traced.calls[1].spans == 2);
  CHECK(traced.calls[1].kernel == "b");
  CHECK(traced.calls[1].in_range);
  CHECK_FALSE(traced.calls[2].in_range);
}

TEST_CASE("every instance of a range is a call of its own, also one right behind the other", "[attach]") {
  const AttachedCalls traced = Program()
                                   .range(1, "f", 100, 110)
                                   .range(2, "f", 110, 120)
                                   .range(3, "f", 130, 140)
                                   .kernel(1, 109, 10)
                                   .kernel(2, 110, 20)
                                   .calls();
  REQUIRE(names(traced) == Names{"f", "f"});  // nothing was launched in the third
  CHECK(traced.calls[0].device_ns == 10);
  CHECK(traced.calls[1].device_ns == 20);
  CHECK(traced.ranges == 3);
}

TEST_CASE("ranges of another thread are not around what this one launches", "[attach]") {
  const AttachedCalls traced = Program()
                                   .range(1, "forward", 100, 200, kMain)
                                   .range(2, "backward", 100, 200, kOther)
                                   .kernel(1, 150, 10, "a", kOther)
                                   .kernel(2, 150, 10, "b", kMain)
                                   .kernel(3, 150, 10, "c", 300)
                                   .calls();
  CHECK(names(traced) == Names{"forward", "backward", "c"});
}

TEST_CASE("a range that another thread ends is of the thread that began it", "[attach]") {
  const AttachedCalls traced = Program()
                                   .push(1, "request", 100, kMain)
                                   .pop(1, 200, kOther)
                                   .kernel(1, 150, 10, "a", kMain)
                                   .kernel(2, 150, 10, "b", kOther)
                                   .calls();
  CHECK(names(traced) == Names{"request", "b"});
}

TEST_CASE("ranges that overlap without nesting: the one that began last is the innermost", "[attach]") {
  const AttachedCalls traced =
      Program().range(1, "a", 100, 150).range(2, "b", 120, 180).kernel(1, 130, 1).kernel(2, 160, 2).calls();
  REQUIRE(names(traced) == Names{"a/b"});  // still the one that began inside `a`
  CHECK(traced.calls[0].device_ns == 3);
}

TEST_CASE("a range without its end is left out, and ranges inside it are not", "[attach]") {
  const AttachedCalls traced =
      Program().push(1, "main", 100).range(2, "step", 110, 120).kernel(1, 105, 10).kernel(2, 115, 20).calls();
  REQUIRE(names(traced) == Names{"main", "main/step"});
  CHECK(traced.calls[0].state == State::Unfinished);
  CHECK(traced.calls[1].state == State::Whole);
}

TEST_CASE("an end without a start is counted and changes nothing", "[attach]") {
  const AttachedCalls traced = Program().range(1, "a", 100, 200).pop(9, 120).kernel(1, 150, 10).calls();
  CHECK(names(traced) == Names{"a"});
  CHECK(traced.bad_marks == 1);
}

TEST_CASE("two open ranges of one id are both left out, one after the other they are two calls", "[attach]") {
  const AttachedCalls twice =
      Program().push(1, "a", 100).push(1, "a", 120).pop(1, 140).kernel(1, 110, 10).kernel(2, 130, 10).calls();
  REQUIRE(names(twice) == Names{"a", "a"});
  CHECK(twice.calls[0].state == State::Unfinished);
  CHECK(twice.calls[1].state == State::Unfinished);
  const AttachedCalls reused =
      Program().range(1, "a", 100, 110).range(1, "b", 120, 130).kernel(1, 105, 1).kernel(2, 125, 1).calls();
  CHECK(names(reused) == Names{"a", "b"});
  CHECK(reused.calls[1].state == State::Whole);
}

TEST_CASE("records may come in any order", "[attach][property]") {
  Program program;
  program.range(1, "step", 100, 200)
      .range(2, "forward", 100, 150)
      .range(3, "empty", 150, 150)
      .range(4, "backward", 150, 200)
      .kernel(1, 110, 10, "a")
      .kernel(2, 150, 30, "b")
      .kernel(3, 250, 4, "c");
  const AttachedCalls expected = program.calls();
  REQUIRE(names(expected) == Names{"step/forward", "step/backward", "c"});
  for (int i = 0; i < 20; ++i) {
    std::rotate(program.capture.marks.begin(), program.capture.marks.begin() + 3,
                program.capture.marks.end());
    std::next_permutation(program.capture.spans.begin(), program.capture.spans.end(),
                          [](auto& a, auto& b) { return a.correlation < b.correlation; });
    std::reverse(program.capture.calls.begin(), program.capture.calls.end());
    const AttachedCalls traced = program.calls();
    CHECK(names(traced) == names(expected));
    CHECK(traced.calls[1].device_ns == 30);
  }
}

TEST_CASE("the driver's call inside the runtime's, of the same correlation, is the same launch", "[attach]") {
  const AttachedCalls traced = Program()
                                   .range(1, "a", 100, 112)
                                   .kernel(1, 110, 10)
                                   .call(1, 113)  // the driver's call, after the range
                                   .calls();
  CHECK(names(traced) == Names{"a"});
  CHECK(traced.ambiguous == 0);
}

TEST_CASE("a launch on two threads is no launch, and one that is missing is outside of ranges", "[attach]") {
  Program program;
  program.range(1, "a", 100, 200).kernel(1, 110, 10).call(1, 111, kOther).kernel(2, 120, 5, "lonely");
  program.capture.calls.erase(program.capture.calls.begin() + 2);
  const AttachedCalls traced = program.calls();
  CHECK(names(traced) == Names{"lonely"});
  CHECK(traced.ambiguous == 1);
  CHECK(traced.without_call == 1);
}

TEST_CASE("a call that lost the time of a kernel is not a shorter call", "[attach]") {
  Program program;
  program.range(1, "a", 100, 200).kernel(1, 110, 10).call(2, 120).call(3, 300);
  program.capture.bad_times = {2, 3};
  const AttachedCalls traced = program.calls();
  REQUIRE(names(traced) == Names{"a"});
  CHECK(traced.calls[0].state == State::BadTime);
  CHECK(traced.lost == 1);
}

TEST_CASE("calls whose kernels ran while CUPTI was at work are told apart", "[attach]") {
  Program program;
  program.range(1, "a", 100, 200).kernel(1, 110, 10).kernel(2, 300, 10, "b").kernel(3, 310, 10, "c");
  program.capture.overheads = {{1, 101'005, 102'001}};  // over kernel 1 and the start of kernel 2
  const AttachedCalls traced = program.calls();
  REQUIRE(names(traced) == Names{"a", "b", "c"});
  CHECK(traced.calls[0].state == State::InOverhead);
  CHECK(traced.calls[1].state == State::InOverhead);
  CHECK(traced.calls[2].state == State::Whole);
}

TEST_CASE("a trace of which records were dropped is refused", "[attach][error]") {
  Program program;
  program.kernel(1, 100, 10);
  program.capture.dropped = 3;
  CHECK_THROWS_WITH(program.calls(), Catch::Contains("CUPTI dropped 3 records"));
}

TEST_CASE("a program that closes no range does not fill the memory with names", "[attach]") {
  Program program;
  for (std::uint32_t i = 0; i < 2000; ++i) program.push(i, "step", 100 + i);
  program.kernel(1, 5000, 10);
  const AttachedCalls traced = program.calls();
  REQUIRE(traced.calls.size() == 1);
  CHECK(traced.calls[0].name.size() < 1100);
}

TEST_CASE("kernels are named by their function, copies by their direction", "[attach]") {
  CHECK(short_kernel_name("sm90_xmma_gemm_bf16bf16_bf16f32") == "sm90_xmma_gemm_bf16bf16_bf16f32");
  CHECK(short_kernel_name("_ZN2at6native13reduce_kernelILi512EEEvi") == "reduce_kernel");
  CHECK(short_kernel_name("_ZN12_GLOBAL__N_14fillEPfi") == "fill");
  CHECK(short_kernel_name("_Znot mangled") == "_Znot mangled");
  DeviceSpan copy;
  copy.kind = DeviceSpan::Kind::Copy;
  copy.copy_kind = 1;
  CHECK(operator_name(copy) == "copy from host to device");
  CHECK(operator_name(DeviceSpan{}) == "kernel without a name");
}

TEST_CASE("what numbers each call of PyTorch's operators is no part of their name", "[attach]") {
  CHECK(operator_name(std::string("aten::mm, seq = 12, op_id = 3")) == "aten::mm");
  CHECK(operator_name(std::string("aten::mm, op_id = 3, sizes = [[4, 8]]")) == "aten::mm, sizes = [[4, 8]]");
  CHECK(operator_name(std::string("x, seq = -1")) == "x");
  CHECK(operator_name(std::string("x, seq = y")) == "x, seq = y");
  CHECK(operator_name(std::string()) == "range without a name");
}
