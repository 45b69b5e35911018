#include "models/measured_kernels.h"

#include <catch2/catch.hpp>

#include "models/catalog.h"
#include "models/roofline.h"

using namespace stagecraft;

namespace {

Device h200() {
  return find_preset(device_presets(), "h200")->value;
}

/// Products and attention that take `factor` of their roofline everywhere.
MeasuredKernels measured(double factor) {
  KernelTable table{.device = "h200", .sections = {}};
  KernelSection products{
      .family = find_kernel_family("gemm"), .flops_per_s = h200().half.per_second, .rows = {}};
  KernelSection attention = products;
  attention.family = find_kernel_family("prefill-attention");
  const auto add = [&](KernelSection& section, const KernelPoint& point) {
    section.roofline = section.family->roofline;
    section.rows.push_back({point, factor * roofline_us(*section.family, section.roofline, point, 2,
                                                        section.flops_per_s, h200().bandwidth.per_second)});
  };
  for (const double m : {1024.0, 8192.0}) add(products, {{m}, {4096, 4096}});
  for (const double s : {1024.0, 8192.0}) add(attention, {{1, s}, {32, 8, 128}});
  table.sections = {products, attention};
  return MeasuredKernels(table, h200());
}

}  // namespace

TEST_CASE("a product takes what the table says of it, either way round", "[formula]") {
  const MeasuredKernels kernels = measured(2);
  const KernelFamily& family = *find_kernel_family("gemm");
  const double roofline = roofline_us(family, family.roofline, {{2048}, {14336, 4096}}, 2,
                                      h200().half.per_second, h200().bandwidth.per_second);
  CHECK(*kernels.product_us({.m = 2048, .n = 14336, .k = 4096}) == Approx(2 * roofline));
  CHECK_FALSE(kernels.product_us({.m = 2048, .n = 128, .k = 128, .batch = 32}).has_value());
  CHECK(kernels.used() == std::vector<std::string_view>{"gemm"});  // nobody asked for attention
}

TEST_CASE("kernels that take twice as long make a step longer, by no more than twice", "[property]") {
  Transformer model = find_preset(model_presets(), "llama3-8b")->value;
  model.attention = AttentionKernel::Flash;
  model.sequence = 8192;
  const Cluster cluster = find_preset(cluster_presets(), "dgx-h200")->value;
  const Strategy strategy{.tensor = 2, .pipeline = 4};
  const MeasuredKernels once = measured(1);
  const MeasuredKernels twice = measured(2);
  const StageCost a = roofline_costs(model, strategy, cluster, {}, {}, {.kernels = &once}).stages[1];
  const StageCost b = roofline_costs(model, strategy, cluster, {}, {}, {.kernels = &twice}).stages[1];
  CHECK(b.forward > a.forward * 3 / 2);
  CHECK(b.forward < a.forward * 2);
  CHECK(b.backward > a.backward * 3 / 2);
  CHECK(b.backward < a.backward * 2);
  CHECK(b.activation_bytes == a.activation_bytes);
}

TEST_CASE("attention without a causal mask is not what was measured", "[formula]") {
  AttentionShape shape{.heads = 32, .kv_heads = 8, .head_dim = 128, .sequence = 4096};
  const MeasuredKernels kernels = measured(1);
  CHECK(kernels.attention_us(shape, 2).has_value());
  shape.causal = false;
  CHECK_FALSE(kernels.attention_us(shape, 2).has_value());
}
