// Kernels that stream through memory: our own, since they are simple and libraries' are fused in ways of
// their own. Their results are compared with sums in double precision once for each kernel.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "profiles/suites/case.h"
#include "profiles/suites/stream_check.h"

namespace stagecraft {

namespace {

constexpr std::int64_t kVocabulary = 32000;  // rows of the embedding's table

struct Sizes {
  std::int64_t rows, width;
  std::size_t elements() const { return static_cast<std::size_t>(rows * width); }
};

Sizes sizes_of(const SuitePoint& point) {
  const std::int64_t elements = point.at("elements");
  return elements ? Sizes{1, elements} : Sizes{point.at("rows"), point.at("width")};
}

bool is_gather(const SuitePoint& point) {
  return point.family == "embedding" || point.family == "embedding-gradient";
}

/// Token ids, random: made once for the most rows.
std::int32_t* token_ids(std::int64_t limit, Bench& bench) {
  constexpr std::size_t kMost = 1 << 16;
  static std::map<std::int64_t, std::unique_ptr<Arena>> made;
  std::unique_ptr<Arena>& ids = made[limit];
  if (!ids) {
    ids = std::make_unique<Arena>(kMost * sizeof(std::int32_t));
    fill_ids(static_cast<std::int32_t*>(ids->data()), kMost, static_cast<std::int32_t>(limit), 3,
             bench.stream());
  }
  return static_cast<std::int32_t*>(ids->data());
}

/// Every operand that some kernel of the table uses; the large ones as the table says.
StreamOperands operands(Bench& bench, const SuitePoint& point, const StreamKernel& kernel) {
  const Sizes size = sizes_of(point);
  const std::size_t bytes = 2 * size.elements();
  const auto row = static_cast<std::size_t>(size.width);
  StreamOperands on{.rows = size.rows, .width = size.width};
  if (point.family == "adam" || point.family == "fill-zero") {
    on.a = bench.input(Number::Bf16, bytes);
    on.x = bench.output(2 * bytes);
    if (point.family == "fill-zero") return on;
    on.y = bench.output(2 * bytes);
    on.z = bench.output(2 * bytes + bytes);  // the bf16 weights behind the second moment
    return on;
  }
  on.a = bench.input(Number::Bf16, kernel.inputs > 0 ? bytes : 2 * row);
  on.b = bench.input(Number::Bf16, kernel.inputs > 1 ? bytes : 2 * row);
  on.c = bench.input(Number::Bf16, kernel.inputs > 2 ? bytes : 2 * row);
  on.x = bench.output(kernel.outputs > 0 ? bytes : 1);
  on.y = bench.output(kernel.outputs > 1 ? bytes : 8 * static_cast<std::size_t>(size.rows));
  on.z = bench.output(4 * row);
  if (point.family == "cross-entropy") on.c = token_ids(size.width, bench);
  if (is_gather(point)) on.c = token_ids(kVocabulary, bench);
  if (point.family == "kv-append") on.c = token_ids(size.rows, bench);  // places among as many
  return on;
}

/// The embedding's table, or its gradient: one for all copies, since each token reads a row of its own.
StreamOperands table_of(Bench& bench, const SuitePoint& point) {
  const std::size_t elements =
      static_cast<std::size_t>(kVocabulary) * static_cast<std::size_t>(point.at("width"));
  StreamOperands table;
  if (point.family == "embedding") table.b = bench.input(Number::Bf16, 2 * elements);
  if (point.family == "embedding-gradient") table.z = bench.output(4 * elements);
  return table;
}

std::vector<StreamOperands> copies_of(Bench& bench, const SuitePoint& point, const StreamKernel& kernel,
                                      int copies) {
  const StreamOperands table = table_of(bench, point);
  std::vector<StreamOperands> all;
  for (int copy = 0; copy < copies; ++copy) {
    all.push_back(operands(bench, point, kernel));
    if (table.b) all.back().b = table.b;
    if (table.z) all.back().z = table.z;
  }
  return all;
}

bool first_of_its_kind(const SuitePoint& point) {
  static std::set<std::string> seen;
  return seen.insert(point.family).second;
}

}  // namespace

Case bandwidth_case(Bench& bench, const SuitePoint& point) {
  const StreamKernel* kernel = find_stream_kernel(point.family);
  if (!kernel) throw NotHere(fmt::format("there is no kernel '{}'", point.family));
  const Sizes size = sizes_of(point);
  Case ready;
  ready.bytes = kernel->bytes_per_element * static_cast<double>(size.elements());
  ready.copy_bytes = static_cast<std::size_t>(ready.bytes);
  ready.copies = bench.copies(ready.copy_bytes, point.cache);
  const std::vector<StreamOperands> copies = copies_of(bench, point, *kernel, ready.copies);
  if (first_of_its_kind(point)) expect_right_stream(bench, point, *kernel, copies[0]);
  ready.algorithm = "own";
  ready.launch = [kernel, copies, stream = bench.stream()](int copy) {
    kernel->launch(copies[static_cast<std::size_t>(copy)], stream);
    check(cudaGetLastError(), "launching a kernel");
  };
  return ready;
}

}  // namespace stagecraft
