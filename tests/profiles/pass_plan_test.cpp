#include "profiles/pass_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace stagecraft;

namespace {

SuitePoint layer(const char* family, std::int64_t batch, std::int64_t sequence, std::int64_t hidden,
                 std::int64_t gated) {
  return {family, "bf16", {{"batch", batch}, {"sequence", sequence}, {"hidden", hidden}, {"gated", gated}}};
}

std::vector<SuitePoint> all_passes() {
  std::vector<SuitePoint> points = find_suite("layer")->points(false);
  for (const SuitePoint& point : find_suite("decode-loop")->points(false)) points.push_back(point);
  return points;
}

/// Elements from the operand's first to behind its last: `batch` matrices of rows x width.
std::int64_t reach(const PassOperand& operand, std::int64_t batch, std::int64_t rows, std::int64_t width) {
  const std::int64_t pitch = operand.pitch ? operand.pitch : width;
  const std::int64_t stride = operand.stride ? operand.stride : rows * width;
  return operand.offset + (batch - 1) * stride + (rows - 1) * pitch + width;
}

struct Extent {
  PassOperand operand;
  std::int64_t reach;
};

/// As cuBLASLt reads them, in rows of what lies behind each other: profiles/suites/product.cpp.
std::vector<Extent> extents_of_product(const PassKernel& kernel) {
  const SuitePoint& point = kernel.alone;
  const std::int64_t batch = std::max<std::int64_t>(point.at("batch"), 1);
  const std::int64_t m = point.at("m"), n = point.at("n"), k = point.at("k");
  const bool weights = point.family.ends_with("weight-gradient");
  const bool forward = !point.family.ends_with("gradient");
  const auto& [a, b, none] = kernel.in;
  return {{a, forward ? reach(a, batch, n, k) : reach(a, batch, k, n)},
          {b, weights ? reach(b, batch, k, m) : reach(b, batch, m, k)},
          {kernel.out[0], reach(kernel.out[0], batch, m, n)}};
}

std::vector<Extent> extents_of_attention(const PassKernel& kernel) {
  const SuitePoint& point = kernel.alone;
  const std::int64_t sequence = point.at("sequence"), batch = point.at("batch");
  const std::int64_t query = batch * (sequence ? sequence : std::max<std::int64_t>(point.at("query"), 1));
  const std::int64_t cached = batch * (sequence ? sequence : point.at("kv_len"));
  const std::int64_t heads = point.at("q_heads") * point.at("head_dim");
  const std::int64_t kv = point.at("kv_heads") * point.at("head_dim");
  const auto& [q, k, v] = kernel.in;
  return {{q, reach(q, 1, query, heads)},
          {k, reach(k, 1, cached, kv)},
          {v, reach(v, 1, cached, kv)},
          {kernel.out[0], reach(kernel.out[0], 1, query, heads)}};
}

std::vector<Extent> extents_of(const PassKernel& kernel) {
  if (kernel.alone.at("k") > 0) return extents_of_product(kernel);
  if (kernel.alone.at("head_dim") > 0) return extents_of_attention(kernel);
  const std::int64_t rows = kernel.alone.at("rows"), width = kernel.alone.at("width");
  std::vector<Extent> extents = {{kernel.out[0], reach(kernel.out[0], 1, rows, width)}};
  if (kernel.in[0].buffer >= 0) extents.push_back({kernel.in[0], reach(kernel.in[0], 1, rows, width)});
  return extents;
}

std::multiset<std::string> families_of(const PassPlan& plan) {
  std::multiset<std::string> families;
  for (const PassKernel& kernel : plan.kernels) families.insert(kernel.alone.family);
  return families;
}

}  // namespace

TEST_CASE("every kernel of a pass reads what lies in its buffers and was written before", "[profiles]") {
  for (const SuitePoint& point : all_passes()) {
    const PassPlan plan = plan_of(point);
    CAPTURE(point.family, to_text(point.axes));
    REQUIRE_FALSE(plan.kernels.empty());
    std::set<int> written;
    for (const auto* kernels : {&plan.before, &plan.kernels})
      for (const PassKernel& kernel : *kernels) {
        CAPTURE(kernel.alone.family, to_text(kernel.alone.axes));
        for (const Extent& extent : extents_of(kernel)) {
          REQUIRE(extent.operand.buffer >= 0);
          REQUIRE(extent.reach <= plan.buffers[static_cast<std::size_t>(extent.operand.buffer)].elements);
        }
        for (const PassOperand& in : kernel.in)
          if (in.buffer >= 0 &&
              plan.buffers[static_cast<std::size_t>(in.buffer)].content == PassBuffer::Content::Written)
            REQUIRE(written.count(in.buffer) == 1);
        for (const PassOperand& out : kernel.out)
          if (out.buffer >= 0) written.insert(out.buffer);
      }
  }
}

TEST_CASE("a layer does the FLOPs of its formula", "[profiles][formula]") {
  // 24 T h^2 of products and 4 T s h of attention without a mask (Narayanan et al., SC 2021, appendix);
  // backward twice the products, and the scores' five where forward has two.
  const double t = 2 * 2048, h = 1024, s = 2048;
  CHECK(plan_of(layer("layer-forward", 2, 2048, 1024, 0)).flops() == 24 * t * h * h + 4 * t * s * h);
  CHECK(plan_of(layer("layer-backward", 2, 2048, 1024, 0)).flops() == 48 * t * h * h + 10 * t * s * h);
  // Llama 2 7B: three matrices of 4096 x 11008 in the MLP.
  const double wide = 4096, ffn = 11008, tokens = 1024;
  CHECK(plan_of(layer("layer-forward", 1, 1024, 4096, 1)).flops() ==
        2 * tokens * (4 * wide * wide + 3 * wide * ffn) + 4 * tokens * tokens * wide);
  // A causal mask leaves half of the scores.
  SuitePoint causal = layer("layer-forward", 1, 1024, 4096, 1);
  causal.axes.emplace_back("causal", 1);
  CHECK(plan_of(causal).flops() ==
        2 * tokens * (4 * wide * wide + 3 * wide * ffn) + 2 * tokens * tokens * wide);
}

TEST_CASE("a layer is made of the kernels that the suites measure", "[profiles]") {
  CHECK(families_of(plan_of(layer("layer-forward", 1, 1024, 1024, 0))) ==
        std::multiset<std::string>{"layernorm", "gemm", "unmasked-attention", "gemm", "residual-add",
                                   "layernorm", "gemm", "gelu", "gemm", "residual-add"});
  // Seven more for each further sequence: their scores take turns.
  CHECK(plan_of(layer("layer-backward", 1, 1024, 1024, 0)).kernels.size() == 13 + 7);
  CHECK(plan_of(layer("layer-backward", 2, 1024, 1024, 0)).kernels.size() == 13 + 14);
  for (const bool quick : {true, false}) {
    std::set<std::string> alone;
    for (const char* suite : {"gemm", "attention", "bandwidth"})
      for (const SuitePoint& point : find_suite(suite)->points(quick)) alone.insert(point.family);
    for (const SuitePoint& pass : all_passes())
      for (const CountedKernel& kernel : count_kernels(plan_of(pass)))
        CHECK(alone.count(kernel.alone.family) == 1);
  }
}

TEST_CASE("a round is the draft's steps and the target's", "[profiles]") {
  const SuitePoint round = {"draft-verify-round",
                            "bf16",
                            {{"batch", 8},
                             {"kv_len", 1024},
                             {"query", 5},
                             {"draft_hidden", 1024},
                             {"draft_layers", 2},
                             {"hidden", 4096},
                             {"layers", 4}}};
  SuitePoint draft = {
      "draft-step", "bf16", {{"batch", 8}, {"kv_len", 1024}, {"hidden", 1024}, {"layers", 2}}};
  SuitePoint verify = {
      "verify-step", "bf16", {{"batch", 8}, {"kv_len", 1024}, {"query", 5}, {"hidden", 4096}, {"layers", 4}}};
  const PassPlan plan = plan_of(round);
  // Embedding, twelve a layer, norm, output product, softmax.
  CHECK(plan_of(draft).kernels.size() == 4 + 2 * 12);
  CHECK(plan.kernels.size() == 4 * (4 + 2 * 12) + (4 + 4 * 12));
  CHECK(plan.flops() == Approx(4 * plan_of(draft).flops() + plan_of(verify).flops()));
  CHECK(families_of(plan).count("decode-attention") == 4 * 2);
  CHECK(families_of(plan).count("verify-attention") == 4);
  // The last two of the second sequence's 16.
  const PassPlan two = plan_of(
      {"verify-step", "bf16", {{"batch", 2}, {"kv_len", 16}, {"query", 2}, {"hidden", 512}, {"layers", 1}}});
  CHECK(two.buffers[0].rows == std::vector<std::int32_t>{14, 15, 30, 31});
}

TEST_CASE("kernels inside a pass are counted and named with the pass", "[profiles]") {
  const SuitePoint pass = layer("layer-backward", 1, 1024, 1024, 0);
  const std::vector<CountedKernel> kernels = count_kernels(plan_of(pass));
  const auto twice = std::find_if(kernels.begin(), kernels.end(), [](const CountedKernel& kernel) {
    return kernel.alone.family == "residual-add";
  });
  REQUIRE(twice != kernels.end());
  CHECK(twice->times == 2);
  CHECK(point_in_pass(*twice, pass) ==
        "rows=1024 width=1024 times=2 in_batch=1 in_sequence=1024 in_hidden=1024 in_gated=0 in_backward=1");
  CHECK_FALSE(is_pass("residual-add"));
}
