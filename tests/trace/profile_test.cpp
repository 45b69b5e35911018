#include "sim/trace/profile.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "kineto.h"
#include "tests/trace_file.h"

using namespace stagecraft;
using namespace std::chrono_literals;

namespace {

struct Read {
  std::vector<ChromeTrace> traces;
  Profile profile;
};

Read read(const std::vector<std::string>& texts, const CommunicationRule& rule = {}) {
  Read result;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const TraceFile file(texts[i]);
    result.traces.push_back(read_chrome_trace(file.path(), {.categories = profile_categories()}));
    names.push_back(std::string(1, static_cast<char>('a' + i)) + ".json");
  }
  result.profile = profile_of(result.traces, names, rule);
  return result;
}

Duration by(const ActivityMetrics& metrics, IdleCause cause) {
  return metrics.idle_by_cause[static_cast<std::size_t>(cause)];
}

std::string error_of(const std::vector<std::string>& texts) {
  try {
    read(texts);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("two streams that overlap: every number as derived beside the trace", "[trace][formula]") {
  const Read read_trace = read({kineto(two_streams())});
  REQUIRE(read_trace.profile.ranks.size() == 1);
  const RankActivity& rank = read_trace.profile.ranks[0];
  CHECK(rank.name == "GPU 0");
  const ActivityMetrics metrics = metrics_of(rank);
  CHECK(metrics.span == 540us);
  CHECK(metrics.compute == 360us);
  CHECK(metrics.communication == 140us);
  CHECK(metrics.overlap == 90us);
  CHECK(metrics.exposed == 50us);
  CHECK(metrics.copies == 10us);
  CHECK(metrics.idle == 120us);
  CHECK(by(metrics, IdleCause::Queued) == 20us);
  CHECK(by(metrics, IdleCause::Synchronization) == 30us);
  CHECK(by(metrics, IdleCause::Host) == 50us);
  CHECK(by(metrics, IdleCause::Unknown) == 20us);
  CHECK(metrics.works == std::array<std::int64_t, 3>{6, 2, 1});
  CHECK(metrics.hidden() == Approx(90.0 / 140));
}

TEST_CASE("a profile says what it took for communication, and the ranges on the GPU", "[trace]") {
  const Profile profile = read({kineto(two_streams())}).profile;
  REQUIRE(profile.communication.size() == 2);
  CHECK(profile.communication[0].name == "nccl");
  CHECK(profile.communication[0].time == 80us);
  CHECK(profile.communication[1].name == "deep_ep");
  CHECK(profile.communication[1].count == 1);
  REQUIRE(profile.ranges.size() == 1);
  CHECK(profile.ranges[0].name == "attn(F)");
  CHECK(profile.ranges[0].count == 2);
  CHECK(profile.ranges[0].time == 230us);
  CHECK_FALSE(profile.ranges_on_host);
}

TEST_CASE("names of communication, and names that look like it", "[trace]") {
  const CommunicationRule rule;
  for (const char* name :
       {"ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<4096ul>)", "ncclKernel_AllGather_RING_LL_Sum_int8_t",
        "rcclGenericKernel", "void deep_ep::internode::combine<int>(int)",
        "_ZN7deep_ep9intranode8dispatchILi8EEEvv", "void internode::notify_dispatch<true, 8>()",
        "intranode::cached_notify_combine<2>", "nvshmemi_barrier", "void moe::all_to_all_kernel<bf16>",
        "AllToAllSingle", "Memcpy PtoP (Device -> Device)"}) {
    INFO(name);
    CHECK_FALSE(rule.match(name).empty());
  }
  for (const char* name :
       {"void at::native::dispatch_kernel<float>()", "combine_topk", "Memcpy DtoD (Device -> Device)",
        "sm90_xmma_gemm_bf16bf16_bf16f32", "reduce_scatter_like"}) {
    INFO(name);
    CHECK(rule.match(name).empty());
  }
  const CommunicationRule own{.parts = {"GEMM_A"}};
  CHECK(own.match("gemm_a") == "GEMM_A");
  const ActivityMetrics metrics = metrics_of(read({kineto(two_streams())}, own).profile.ranks[0]);
  CHECK(metrics.communication == 100us);
}

TEST_CASE("files are put side by side by their base times, devices are ranks", "[trace]") {
  const std::string ranked = "\"distributedInfo\": {\"rank\": 5, \"world_size\": 8}, ";
  const Read two =
      read({kineto(kernel("a", 7, 10, 20), "\"baseTimeNanoseconds\": 1700000000000000000, " + ranked),
            kineto(kernel("b", 7, 1, 2, 0, 0) + kernel("c", 7, 3, 4, 0, 1),
                   "\"baseTimeNanoseconds\": 1700000000000007000, ")});
  const auto& ranks = two.profile.ranks;
  REQUIRE(ranks.size() == 3);
  CHECK(ranks[0].name == "rank 5");
  CHECK(ranks[1].name == "b.json GPU 0");
  CHECK(ranks[2].name == "b.json GPU 1");
  CHECK(ranks[0].window == Interval{2us, 12us});  // 10 us; the first start is at 7 + 1 us
  CHECK(ranks[1].window == Interval{0us, 1us});
  CHECK(ranks[2].window == Interval{2us, 3us});
}

TEST_CASE("a copy that blocks the host was launched when its call began", "[trace]") {
  // The call lasts until the copy is done, which says nothing of when it was launched: at 5, in time.
  const Profile profile = read({kineto(kernel("a", 7, 0, 10, 1) + call("cudaMemcpy", 5, 30, 2) +
                                       on_gpu("gpu_memcpy", "Memcpy HtoD", 7, 12, 29, 2))})
                              .profile;
  CHECK(by(metrics_of(profile.ranks[0]), IdleCause::Queued) == 2us);
}

TEST_CASE("traces without work on a GPU, or of other centuries", "[trace][error]") {
  CHECK(error_of({kineto(call("cudaLaunchKernel", 1, 2))}) ==
        "a.json: error: has nothing that ran on a GPU: no event of category 'kernel'\n"
        "      = record it with activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]");
  CHECK(error_of({kineto(kernel("a", 7, 1, 2)), kineto(kernel("a", 7, 4e13, 4e13 + 1))}) ==
        "a.json: error: with the other files has work on GPUs that lies more than a year apart\n"
        "      = files are put side by side by 'baseTimeNanoseconds' and their times");
  CHECK(error_of({kineto(kernel("a", 7, 1, 2), "\"baseTimeNanoseconds\": 9000000000000000000, ")}) ==
        "a.json: error: has times of more than 73 years");
}
