#include "profiles/pass_check.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "profiles/pass_plan.h"

using namespace stagecraft;

namespace {

MeasuredRow row(const SuitePoint& point, double us, const char* cache = "cold") {
  MeasuredRow result;
  result.suite = "a";
  result.family = point.family;
  result.format = point.format;
  result.point = to_text(point.axes);
  result.cache = cache;
  result.pass = 1;
  result.median_us = us;
  return result;
}

const SuitePoint kLayer = {
    "layer-forward", "bf16", {{"batch", 1}, {"sequence", 1024}, {"hidden", 1024}, {"gated", 0}}};
const SuitePoint kChain = {"kernel-chain", "bf16", {{"kernels", 20}, {"rows", 4096}, {"width", 4096}}};

/// Every kernel of the layer, alone 20 us and inside 18; a gap of 1.5 us; the layer as given.
RawRows table(double layer_us) {
  RawRows rows{.header = {.device = "NVIDIA H200"}, .rows = {}};
  for (const CountedKernel& kernel : count_kernels(plan_of(kLayer))) {
    rows.rows.push_back(row(kernel.alone, 20));
    MeasuredRow inside = row(kernel.alone, 18, kInPass);
    inside.point = point_in_pass(kernel, kLayer);
    rows.rows.push_back(inside);
  }
  MeasuredRow link = row({"residual-add", "bf16", {}}, 30, kInPass);
  link.point = point_in_pass(count_kernels(plan_of(kChain))[0], kChain);
  rows.rows.push_back(link);
  rows.rows.push_back(row(kChain, 20 * 30 + 19 * 1.5));
  rows.rows.push_back(row(kLayer, layer_us));
  return rows;
}

}  // namespace

TEST_CASE("a pass is predicted as its kernels alone and the gaps between them", "[profiles][formula]") {
  // 10 kernels of 20 us and 9 gaps of 1.5 us: 213.5 us, 6.75 % more than 200.
  const PassCheck check = check_passes(table(200));
  CHECK(check.gap_us == Approx(1.5));
  CHECK(check.launch_us == -1);
  REQUIRE(check.passes.size() == 1);
  CHECK(check.passes[0].kernels == 10);
  CHECK(check.passes[0].predicted_us == Approx(213.5).epsilon(0.01));
  CHECK(check.passes[0].error() == Approx(0.0675).margin(0.01));
  CHECK(check.passes[0].inside_us == Approx(180));
}

TEST_CASE("a pass takes no less than its launches", "[profiles][formula]") {
  RawRows rows = table(400);
  // (3015 - 18) / (100 - 1) = 30.3 us a launch, nine of them 272.5 us: more than the 213.5 of the device.
  rows.rows.push_back(row({"launch", "none", {{"kernels", 1}}}, 18, "warm"));
  rows.rows.push_back(row({"launch", "none", {{"kernels", 100}}}, 3015, "warm"));
  const PassCheck check = check_passes(rows);
  CHECK(check.launch_us == Approx(2997.0 / 99));
  CHECK(check.passes[0].predicted_us == Approx(9 * 2997.0 / 99));
}

TEST_CASE("what a table did not measure is named", "[profiles]") {
  RawRows rows = table(200);
  std::erase_if(rows.rows, [](const MeasuredRow& each) {
    return each.cache == "cold" && (each.family == "gelu" || each.family == "unmasked-attention");
  });
  const PassCheck check = check_passes(rows);
  CHECK(check.passes[0].predicted_us == 0);
  CHECK(check.passes[0].missing == std::vector<std::string>{"gelu", "unmasked-attention"});
  CHECK(to_text(check).find("no rows of gelu, unmasked-attention\n") != std::string::npos);
}

TEST_CASE("kernels that stream are linear in bytes, and products with gradients have models",
          "[profiles][formula]") {
  RawRows rows = table(200);
  std::erase_if(rows.rows,
                [](const MeasuredRow& each) { return each.cache == "cold" && each.family == "gelu"; });
  // Of 1024 x 4096, half way between 10 us and 50 us of half as many and one and a half times as many.
  rows.rows.push_back(row({"gelu", "bf16", {{"rows", 512}, {"width", 4096}}}, 10));
  rows.rows.push_back(row({"gelu", "bf16", {{"rows", 1536}, {"width", 4096}}}, 50));
  CHECK(check_passes(rows).passes[0].predicted_us == Approx(213.5 + 10).epsilon(0.01));
}

TEST_CASE("the comparison reads as a table with the mean of each family", "[profiles][golden]") {
  PassCheck check{.device = "NVIDIA H200", .gap_us = 1.25, .launch_us = -1, .passes = {}};
  check.passes = {{"draft-step", "bf16", "batch=1", 28, 200, 210, 190, {}},
                  {"draft-step", "bf16", "batch=8", 28, 400, 380, 0, {}},
                  {"verify-step", "bf16", "batch=1", 52, 900, 0, 0, {"rmsnorm"}}};
  const std::string pad(65, ' ');
  CHECK(to_text(check) ==
        "NVIDIA H200: 1.25 us between two kernels, cost of launches not measured\n"
        "draft-step bf16" +
            std::string(59, ' ') +
            " kernels measured us   predicted     error   inside us\n"
            "  batch=1" +
            pad +
            "      28       200.0       210.0    +5.0 %       190.0\n"
            "  batch=8" +
            pad +
            "      28       400.0       380.0    -5.0 %           -\n"
            "  Mean error 5.0 % of 2 predicted, on average +0.0 %\n"
            "verify-step bf16" +
            std::string(58, ' ') +
            " kernels measured us   predicted     error   inside us\n"
            "  batch=1" +
            pad + "      52       900.0           -         -           -  no rows of rmsnorm\n");
}

TEST_CASE("without a pass or a device that is known nothing is compared", "[profiles][error]") {
  RawRows rows{.header = {.device = "NVIDIA H200"}, .rows = {}};
  CHECK_THROWS_WITH(check_passes(rows),
                    "no row is of a pass, such as layer-forward or draft-step: measure the suites layer and "
                    "decode-loop");
  rows.header.device = "NVIDIA L4";
  CHECK_THROWS_AS(check_passes(rows), InputError);
}
