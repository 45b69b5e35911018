// The suite of attention: operands of a point, its work, and a check of its results.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "profiles/suites/sdpa.h"

namespace stagecraft {

namespace {

double number(std::uint16_t bf16) {
  const std::uint32_t bits = static_cast<std::uint32_t>(bf16) << 16;
  float value = 0;
  static_assert(sizeof value == sizeof bits);
  std::copy_n(reinterpret_cast<const char*>(&bits), sizeof bits, reinterpret_cast<char*>(&value));
  return static_cast<double>(value);
}

/// The vectors of head 0 of all tokens of sequence 0.
std::vector<double> first_head(const void* data, std::int64_t tokens, std::int64_t heads,
                               std::int64_t dimension) {
  const std::size_t width = 2 * static_cast<std::size_t>(dimension);
  std::vector<std::uint16_t> raw(static_cast<std::size_t>(tokens * dimension));
  check(cudaMemcpy2D(raw.data(), width, data, width * static_cast<std::size_t>(heads), width,
                     static_cast<std::size_t>(tokens), cudaMemcpyDeviceToHost),
        "reading attention's operands");
  std::vector<double> values;
  for (const std::uint16_t bits : raw) values.push_back(number(bits));
  return values;
}

/// A query token's first head in double precision, against the `visible` first of the cache, and what was
/// computed.
void expect_right(const AttentionOperands& on, const AttentionSizes& shape, std::int64_t token,
                  std::int64_t visible) {
  const auto d = static_cast<std::size_t>(shape.head_dim);
  const std::int64_t before = 2 * token * shape.q_heads * shape.head_dim;  // bytes
  const auto query = first_head(static_cast<char*>(on.query) + before, 1, shape.q_heads, shape.head_dim);
  const auto keys = first_head(on.keys, visible, shape.kv_heads, shape.head_dim);
  const auto values = first_head(on.values, visible, shape.kv_heads, shape.head_dim);
  const auto found = first_head(static_cast<char*>(on.output) + before, 1, shape.q_heads, shape.head_dim);
  std::vector<double> expected(d);
  double sum = 0;
  for (std::size_t at = 0; at < static_cast<std::size_t>(visible); ++at) {
    double score = 0;
    for (std::size_t i = 0; i < d; ++i) score += query[i] * keys[at * d + i];
    const double weight = std::exp(score / std::sqrt(static_cast<double>(d)));
    sum += weight;
    for (std::size_t i = 0; i < d; ++i) expected[i] += weight * values[at * d + i];
  }
  // Averages of `visible` numbers of variance 1, weighted by e to a normal number: this is about their
  // deviation.
  const double deviation = std::sqrt(2.72 / static_cast<double>(visible));
  for (std::size_t i = 0; i < d; ++i)
    if (!(std::abs(found[i] - expected[i] / sum) <= 0.1 * deviation + 0.01 * std::abs(found[i])))
      throw DeviceError(
          fmt::format("attention is wrong: {} instead of {} at {}", found[i], expected[i] / sum, i));
}

bool first_of_its_kind(const SuitePoint& point) {
  static std::set<std::string> seen;
  return seen.insert(point.family).second;
}

}  // namespace

Case attention_case(Bench& bench, const SuitePoint& point) {
  const AttentionSizes shape = sizes_of_attention(point);
  const auto attention = std::make_shared<Attention>(shape);
  Attention::use_stream(bench.stream());
  Case ready;
  ready.copy_bytes = 2 * (shape.query_bytes() + shape.cache_bytes());
  ready.copies = bench.copies(ready.copy_bytes, point.cache);
  std::vector<std::function<void()>> launches;
  for (int copy = 0; copy < ready.copies; ++copy) {
    const AttentionOperands on{
        bench.input(Number::Bf16, shape.query_bytes()), bench.input(Number::Bf16, shape.cache_bytes()),
        bench.input(Number::Bf16, shape.cache_bytes()), bench.output(shape.query_bytes())};
    launches.push_back(attention->bind(on));
    if (copy > 0 || !first_of_its_kind(point)) continue;
    check(cudaMemsetAsync(on.output, 0xFF, shape.query_bytes(), bench.stream()), "clearing a result");
    launches[0]();
    check(cudaStreamSynchronize(bench.stream()), "attention");
    expect_right(on, shape, 0, shape.causal ? 1 : shape.cached);
    if (shape.causal) expect_right(on, shape, shape.query - 1, shape.cached);
  }
  ready.flops = (shape.causal ? 2.0 : 4.0) * static_cast<double>(shape.batch * shape.query * shape.q_heads) *
                static_cast<double>(shape.cached * shape.head_dim);
  ready.bytes = static_cast<double>(ready.copy_bytes);
  ready.algorithm = attention->algorithm();
  ready.launch = [attention, launches](int copy) { launches[static_cast<std::size_t>(copy)](); };
  return ready;
}

}  // namespace stagecraft
