#include "profiles/suites/pass_timing.h"

#include <algorithm>
#include <chrono>

#include "profiles/spread.h"
#include "profiles/suites/pass.h"

namespace stagecraft {

namespace {

/// Median microseconds of the host from the first launch until the device is done.
double wall_us(const Pass& pass, int calls) {
  std::vector<double> us;
  for (int call = 0; call < calls; ++call) {
    const auto start = std::chrono::steady_clock::now();
    pass.run(call % pass.copies());
    check(cudaDeviceSynchronize(), "running a pass");
    us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  return quantile_of(us, 0.5);
}

/// The calls of each kernel of the pass, in their places.
std::vector<std::vector<OperatorCall>> kernel_calls(const Pass& pass, Tracer& tracer, int calls) {
  tracer.drain(0);
  const std::uint64_t first = next_call_id();
  std::uint64_t id = first;
  for (int call = 0; call < calls; ++call)
    for (std::size_t kernel = 0; kernel < pass.kernels(); ++kernel) {
      const Tracer::Scope scope(id);
      pass.run_kernel(call % pass.copies(), kernel);
      id = next_call_id();
    }
  check(cudaDeviceSynchronize(), "running a pass");
  std::vector<std::vector<OperatorCall>> by_kernel(pass.kernels());
  for (OperatorCall& call : join(tracer.drain(static_cast<std::size_t>(id - first))).calls)
    if (call.id >= first) by_kernel[(call.id - first) % pass.kernels()].push_back(std::move(call));
  return by_kernel;
}

MeasuredRow kernel_row(const CountedKernel& kernel, const SuitePoint& point,
                       const std::vector<OperatorCall>& calls, std::size_t expected) {
  MeasuredRow row;
  row.family = kernel.alone.family;
  row.format = kernel.alone.format;
  row.point = point_in_pass(kernel, point);
  row.cache = kInPass;
  std::vector<double> us;
  for (const OperatorCall& call : calls) {
    us.push_back(1e-3 * static_cast<double>(call.device_ns));
    row.kernels_per_call += static_cast<double>(call.spans) / static_cast<double>(calls.size());
    row.kernel = call.kernel;
  }
  set_times(row, us);
  row.discarded = static_cast<double>(expected) - row.calls;
  return row;
}

std::vector<MeasuredRow> kernel_rows(const Pass& pass, const PassPlan& plan, Tracer& tracer,
                                     const SuitePoint& point, int calls) {
  const std::vector<std::vector<OperatorCall>> by_kernel = kernel_calls(pass, tracer, calls);
  std::vector<MeasuredRow> rows;
  for (const CountedKernel& kernel : count_kernels(plan)) {
    std::vector<OperatorCall> all;
    for (std::size_t i = 0; i < plan.kernels.size(); ++i)
      if (same_kernel(plan.kernels[i].alone, kernel.alone))
        all.insert(all.end(), by_kernel[i].begin(), by_kernel[i].end());
    rows.push_back(kernel_row(kernel, point, all, static_cast<std::size_t>(kernel.times * calls)));
  }
  return rows;
}

Case case_of(const std::shared_ptr<Pass>& pass, const PassPlan& plan) {
  Case ready;
  ready.span = true;
  ready.copies = pass->copies();
  ready.copy_bytes = static_cast<std::size_t>(plan.bytes());
  ready.flops = plan.flops();
  ready.launch = [pass](int copy) { pass->run(copy); };
  return ready;
}

}  // namespace

std::vector<MeasuredRow> measure_pass(Bench& bench, Tracer& tracer, const SuitePoint& point,
                                      const TimingRules& rules) {
  const PassPlan plan = plan_of(point);
  const auto pass = std::make_shared<Pass>(bench, plan);
  MeasuredRow row = measure(bench, &tracer, case_of(pass, plan), point, rules);
  const int calls = std::max(rules.fewest_calls, static_cast<int>(row.calls) / 2);
  row.host_us = wall_us(*pass, calls);
  std::vector<MeasuredRow> rows;
  if (point.family != "draft-verify-round") rows = kernel_rows(*pass, plan, tracer, point, calls);
  rows.push_back(std::move(row));
  return rows;
}

}  // namespace stagecraft
