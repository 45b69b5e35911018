#include "profiles/suites/stream_check.h"

#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace stagecraft {

namespace {

using Row = std::vector<double>;

Row read_row(const void* data, std::int64_t width) {
  std::vector<__nv_bfloat16> raw(static_cast<std::size_t>(width));
  check(cudaMemcpy(raw.data(), data, 2 * raw.size(), cudaMemcpyDeviceToHost), "reading a row");
  Row row;
  for (const __nv_bfloat16 value : raw) row.push_back(static_cast<double>(__bfloat162float(value)));
  return row;
}

Row read_fp8(const void* data, std::int64_t width) {
  std::vector<__nv_fp8_e4m3> raw(static_cast<std::size_t>(width));
  check(cudaMemcpy(raw.data(), data, raw.size(), cudaMemcpyDeviceToHost), "reading a row");
  Row row;
  for (const __nv_fp8_e4m3 value : raw) row.push_back(static_cast<double>(static_cast<float>(value)));
  return row;
}

/// The first row of every input.
struct Inputs {
  Row a, b, c;
};

Row norm(const Inputs& in, bool centred) {
  const auto count = static_cast<double>(in.a.size());
  double mean = 0;
  double squares = 0;
  for (const double x : in.a) {
    mean += centred ? x / count : 0;
    squares += x * x / count;
  }
  Row out;
  for (std::size_t i = 0; i < in.a.size(); ++i)
    out.push_back((in.a[i] - mean) / std::sqrt(squares - mean * mean + 1e-5) * in.b[i]);
  return out;
}

Row norm_gradient(const Inputs& in, bool centred) {
  const auto count = static_cast<double>(in.a.size());
  const Row normal = norm({in.a, Row(in.a.size(), 1.0), {}}, centred);
  double squares = 0;
  double mean = 0;
  double sum = 0;
  double product = 0;
  for (std::size_t i = 0; i < in.a.size(); ++i) {
    squares += in.a[i] * in.a[i] / count;
    mean += centred ? in.a[i] / count : 0;
    sum += centred ? in.b[i] * in.c[i] / count : 0;
    product += in.b[i] * in.c[i] * normal[i] / count;
  }
  Row out;
  for (std::size_t i = 0; i < in.a.size(); ++i)
    out.push_back((in.b[i] * in.c[i] - sum - normal[i] * product) / std::sqrt(squares - mean * mean + 1e-5));
  return out;
}

Row softmax(const Inputs& in) {
  double sum = 0;
  for (const double x : in.a) sum += std::exp(x);
  Row out;
  for (const double x : in.a) out.push_back(std::exp(x) / sum);
  return out;
}

Row softmax_gradient(const Inputs& in) {
  double sum = 0;
  for (std::size_t i = 0; i < in.a.size(); ++i) sum += in.a[i] * in.b[i];
  Row out;
  for (std::size_t i = 0; i < in.a.size(); ++i) out.push_back(in.a[i] * (in.b[i] - sum));
  return out;
}

template <class Function>
Row each(const Inputs& in, const Function& function) {
  Row out;
  for (std::size_t i = 0; i < in.a.size(); ++i) out.push_back(function(in.a[i], in.b[i], in.c[i]));
  return out;
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(0.7978845608 * (x + 0.044715 * x * x * x)));
}

using Expected = Row (*)(const Inputs&);

/// What x must hold; kernels that are not here are only run.
const std::map<std::string_view, Expected>& expectations() {
  static const std::map<std::string_view, Expected> all = {
      {"rmsnorm", [](const Inputs& in) { return norm(in, false); }},
      {"layernorm", [](const Inputs& in) { return norm(in, true); }},
      {"rmsnorm-gradient", [](const Inputs& in) { return norm_gradient(in, false); }},
      {"layernorm-gradient", [](const Inputs& in) { return norm_gradient(in, true); }},
      {"softmax", softmax},
      {"softmax-gradient", softmax_gradient},
      {"swiglu",
       [](const Inputs& in) {
         return each(in, [](double a, double b, double) { return a * sigmoid(a) * b; });
       }},
      {"swiglu-gradient",
       [](const Inputs& in) {
         return each(in, [](double a, double b, double c) {
           return c * b * sigmoid(a) * (1 + a * (1 - sigmoid(a)));
         });
       }},
      {"gelu", [](const Inputs& in) { return each(in, [](double a, double, double) { return gelu(a); }); }},
      {"gelu-gradient",
       [](const Inputs& in) {
         return each(in,
                     [](double a, double b, double) { return b * (gelu(a + 1e-4) - gelu(a - 1e-4)) / 2e-4; });
       }},
      {"residual-add",
       [](const Inputs& in) { return each(in, [](double a, double b, double) { return a + b; }); }},
      {"cast-fp8", [](const Inputs& in) { return in.a; }},
      {"rope", [](const Inputs& in) { return in.a; }},  // the first row is position 0
  };
  return all;
}

}  // namespace

void expect_right_stream(Bench& bench, const SuitePoint& point, const StreamKernel& kernel,
                         const StreamOperands& on) {
  kernel.launch(on, bench.stream());
  check(cudaGetLastError(), "launching a kernel");
  check(cudaStreamSynchronize(bench.stream()), "running a kernel");
  const auto found = expectations().find(point.family);
  if (found == expectations().end()) return;
  const Inputs in{read_row(on.a, on.width), read_row(on.b, on.width), read_row(on.c, on.width)};
  const Row expected = found->second(in);
  const bool fp8 = point.family == "cast-fp8";
  const Row computed = fp8 ? read_fp8(on.x, on.width) : read_row(on.x, on.width);
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  // Half a unit of the format's last place, and what fp32 loses on the way.
  const double relative = fp8 ? 0.07 : 0.01;
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (!(std::abs(computed[i] - expected[i]) <= relative * std::abs(expected[i]) + 0.004 * largest))
      throw DeviceError(fmt::format("'{}' is wrong: {} instead of {} at column {}", point.family, computed[i],
                                    expected[i], i));
}

}  // namespace stagecraft
