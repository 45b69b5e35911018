#include "profiles/pass_plan.h"

#include <algorithm>
#include <array>

#include "profiles/plan_builder.h"

namespace stagecraft {

namespace {

constexpr std::array<std::string_view, 6> kPasses = {"layer-forward", "layer-backward",     "draft-step",
                                                     "verify-step",   "draft-verify-round", "kernel-chain"};

/// Each kernel reads what the last one wrote.
PassPlan chain_plan(const SuitePoint& pass) {
  const std::int64_t rows = pass.at("rows"), width = pass.at("width");
  PlanBuilder builder;
  const PassOperand added = builder.weights(rows * width);
  PassOperand last = added;
  for (std::int64_t i = 0; i < pass.at("kernels"); ++i)
    last = builder.stream("residual-add", rows, width, {last, added});
  return std::move(builder.plan);
}

double flops_of(const SuitePoint& point) {
  const auto real = [&](const char* axis) {
    return static_cast<double>(std::max<std::int64_t>(point.at(axis), 1));
  };
  if (point.at("k") > 0) return 2 * real("batch") * real("m") * real("n") * real("k");
  if (point.at("head_dim") == 0) return 0;
  const double causal = point.family == "prefill-attention" ? 0.5 : 1;
  const double scores = real("query") * real("kv_len") * real("sequence") * real("sequence");
  return 4 * causal * real("batch") * scores * real("q_heads") * real("head_dim");
}

}  // namespace

std::int64_t PassPlan::bytes() const {
  std::int64_t sum = 0;
  for (const PassBuffer& buffer : buffers) sum += buffer.bytes();
  return sum;
}

double PassPlan::flops() const {
  double sum = 0;
  for (const PassKernel& kernel : kernels) sum += flops_of(kernel.alone);
  return sum;
}

bool same_kernel(const SuitePoint& a, const SuitePoint& b) {
  return a.family == b.family && a.format == b.format && a.axes == b.axes;
}

bool is_pass(const std::string& family) {
  return std::find(kPasses.begin(), kPasses.end(), family) != kPasses.end();
}

PassPlan plan_of(const SuitePoint& pass) {
  if (pass.family.starts_with("layer-")) return layer_plan(pass);
  if (pass.family == "kernel-chain") return chain_plan(pass);
  return is_pass(pass.family) ? decode_plan(pass) : PassPlan{};
}

std::vector<CountedKernel> count_kernels(const PassPlan& plan) {
  std::vector<CountedKernel> counted;
  for (const PassKernel& kernel : plan.kernels) {
    const auto found = std::find_if(counted.begin(), counted.end(), [&](const CountedKernel& other) {
      return same_kernel(other.alone, kernel.alone);
    });
    if (found == counted.end())
      counted.push_back({kernel.alone, 1});
    else
      ++found->times;
  }
  return counted;
}

std::string point_in_pass(const CountedKernel& kernel, const SuitePoint& pass) {
  Axes axes = kernel.alone.axes;
  axes.emplace_back("times", kernel.times);
  for (const auto& [name, value] : pass.axes) axes.emplace_back("in_" + name, value);
  if (pass.family == "layer-backward") axes.emplace_back("in_backward", 1);
  if (pass.family == "verify-step") axes.emplace_back("in_verify", 1);
  return to_text(axes);
}

}  // namespace stagecraft
