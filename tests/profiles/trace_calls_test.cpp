#include "profiles/trace_calls.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "trace_builder.h"

using namespace stagecraft;

namespace {

/// The calls as text: "aten::mm 7000 ns 2 kernels 0 copies, longest gemm".
std::vector<std::string> calls_of(const TraceBuilder& builder) {
  const TraceFile file(builder.text());
  const ChromeTrace trace = read_chrome_trace(file.path(), traced_calls_filter());
  std::vector<std::string> texts;
  for (const TracedCall& call : traced_calls(trace, "t.json"))
    texts.push_back(std::string(call.op ? call.op->name : "-") + " " + std::to_string(call.duration.count()) +
                    " ns " + std::to_string(call.kernels) + " kernels " + std::to_string(call.copies) +
                    " copies, longest " + std::string(call.longest->name));
  return texts;
}

std::string error_of(const std::string& text) {
  const TraceFile file(text);
  const ChromeTrace trace = read_chrome_trace(file.path(), traced_calls_filter());
  try {
    traced_calls(trace, "t.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an operator's time is the sum over its kernels, its workspace's memset included", "[profiles]") {
  CHECK(calls_of(TraceBuilder()
                     .op("aten::mm")
                     .copy("Memset (Device)", 512, 8)
                     .kernel("gemm", 4)
                     .kernel("splitk_reduce", 3)
                     .op("aten::add")
                     .kernel("add", 2.5)) == Texts{"aten::mm 15000 ns 2 kernels 1 copies, longest gemm",
                                                   "aten::add 2500 ns 1 kernels 0 copies, longest add"});
}

TEST_CASE("copies of an operator that only copies are calls of their own", "[profiles]") {
  CHECK(calls_of(TraceBuilder()
                     .op("aten::copy_")
                     .copy("Memcpy HtoD (Pinned -> Device)", 64, 3)
                     .copy("Memcpy HtoD (Pinned -> Device)", 64, 4)
                     .op("aten::add")
                     .kernel("add", 1)) ==
        Texts{"aten::add 1000 ns 1 kernels 0 copies, longest add",
              "aten::copy_ 3000 ns 0 kernels 1 copies, longest Memcpy HtoD (Pinned -> Device)",
              "aten::copy_ 4000 ns 0 kernels 1 copies, longest Memcpy HtoD (Pinned -> Device)"});
}

TEST_CASE("what another library launches after PyTorch's last operator is not that operator's",
          "[profiles]") {
  CHECK(calls_of(TraceBuilder()
                     .op("aten::mm")
                     .kernel("gemm", 4)
                     .op("aten::as_strided")
                     .after_the_operator()
                     .kernel("fused_moe", 9)) == Texts{"aten::mm 4000 ns 1 kernels 0 copies, longest gemm",
                                                       "- 9000 ns 1 kernels 0 copies, longest fused_moe"});
}

TEST_CASE("kernels of a graph belong to no operator", "[profiles]") {
  CHECK(calls_of(TraceBuilder().op("aten::mm").kernel("gemm", 4).in_a_graph().kernel("node", 9)) ==
        Texts{"aten::mm 4000 ns 1 kernels 0 copies, longest gemm",
              "- 9000 ns 1 kernels 0 copies, longest node"});
}

TEST_CASE("without an external id the innermost operator that ran at the launch is taken", "[profiles]") {
  // The launch at 12 us lies in aten::mm (10 to 20 us), which lies in aten::linear (0 to 30 us); that at 25
  // us only in aten::linear; that at 40 us on another thread in nothing.
  const TraceFile file(R"({"traceEvents": [
    {"ph": "X", "cat": "cpu_op", "name": "aten::linear", "pid": 1, "tid": 1, "ts": 0, "dur": 30},
    {"ph": "X", "cat": "cpu_op", "name": "aten::mm", "pid": 1, "tid": 1, "ts": 10, "dur": 10},
    {"ph": "X", "cat": "cuda_runtime", "name": "l", "pid": 1, "tid": 1, "ts": 12, "args": {"correlation": 1}},
    {"ph": "X", "cat": "cuda_driver", "name": "l", "pid": 1, "tid": 1, "ts": 25, "args": {"correlation": 2}},
    {"ph": "X", "cat": "cuda_runtime", "name": "l", "pid": 1, "tid": 2, "ts": 15, "args": {"correlation": 3}},
    {"ph": "X", "cat": "kernel", "name": "c", "ts": 60, "dur": 3, "args": {"correlation": 3}},
    {"ph": "X", "cat": "kernel", "name": "b", "ts": 50, "dur": 2, "args": {"correlation": 2}},
    {"ph": "X", "cat": "kernel", "name": "a", "ts": 40, "dur": 1, "args": {"correlation": 1}}]})");
  const ChromeTrace trace = read_chrome_trace(file.path(), traced_calls_filter());
  const std::vector<TracedCall> calls = traced_calls(trace, "t.json");
  REQUIRE(calls.size() == 3);
  CHECK((calls[0].op->name == "aten::linear" && calls[0].longest->name == "b"));
  CHECK((calls[1].op->name == "aten::mm" && calls[1].longest->name == "a"));
  CHECK((calls[2].op == nullptr && calls[2].longest->name == "c"));
}

TEST_CASE("a trace that cannot say who launched its kernels is refused with the remedy",
          "[profiles][error]") {
  CHECK(error_of(TraceBuilder().op("aten::mm").text()) ==
        "t.json: error: has no kernels\n"
        "      = trace the GPU too: torch.profiler.profile(activities=[ProfilerActivity.CPU, "
        "ProfilerActivity.CUDA])");
  CHECK(error_of(R"({"traceEvents": [{"ph": "X", "cat": "kernel", "name": "k", "dur": 1}]})") ==
        "t.json: error: has kernels, but no operators ('cpu_op') that launched them\n"
        "      = trace the host too: torch.profiler.profile(activities=[ProfilerActivity.CPU, "
        "ProfilerActivity.CUDA])");
  CHECK(error_of(TraceBuilder().op("aten::mm").without_ids().kernel("gemm", 4).text()) ==
        "t.json: error: says of no kernel who launched it: no 'External id' or 'correlation' is that of an "
        "operator "
        "or a launch\n"
        "      = import the file as export_chrome_trace() wrote it: some tools drop 'args'");
}
