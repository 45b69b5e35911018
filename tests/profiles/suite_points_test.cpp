#include "profiles/suite_points.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace stagecraft;

namespace {

std::multiset<std::string> keys(const std::vector<SuitePoint>& points) {
  std::multiset<std::string> result;
  for (const SuitePoint& point : points)
    result.insert(point.family + " " + point.format + " " + to_text(point.axes) + " " + point.cache);
  return result;
}

}  // namespace

TEST_CASE("no suite measures a point twice, and the quick ones are part of the whole", "[profiles]") {
  for (const SuiteInfo& suite : suites()) {
    CAPTURE(suite.name);
    const auto whole = keys(suite.points(false));
    const auto quick = keys(suite.points(true));
    CHECK_FALSE(quick.empty());
    CHECK(std::set<std::string>(whole.begin(), whole.end()).size() == whole.size());
    CHECK(std::includes(whole.begin(), whole.end(), quick.begin(), quick.end()));
  }
}

TEST_CASE("weights are those of the catalog under tensor parallelism", "[profiles]") {
  const std::vector<WeightShape> shapes = weight_shapes(true);
  // Llama 3 8B: 32 query and 8 key-value heads of 128, hidden 4096, MLP 14336 with a gate, 128256 tokens.
  for (const WeightShape& expected :
       {WeightShape{6144, 4096}, WeightShape{4096, 4096}, WeightShape{28672, 4096}, WeightShape{4096, 14336},
        WeightShape{128256, 4096}, WeightShape{768, 4096}, WeightShape{4096, 512}, WeightShape{3584, 4096},
        WeightShape{4096, 1792}})
    CHECK(std::find(shapes.begin(), shapes.end(), expected) != shapes.end());
  for (const WeightShape& shape : weight_shapes(false)) CHECK((shape.out > 0 && shape.in > 0));
}

TEST_CASE("products have tile edges, gradients and formats", "[profiles]") {
  const auto all = keys(find_suite("gemm")->points(false));
  CHECK(all.count("gemm bf16 m=129 n=6144 k=4096 cold") == 1);
  CHECK(all.count("gemm fp8 m=16384 n=6144 k=4096 cold") == 1);
  CHECK(all.count("gemm bf16 m=1 n=6144 k=4096 warm") == 1);
  CHECK(all.count("gemm-input-gradient bf16 m=2048 n=4096 k=6144 cold") == 1);
  CHECK(all.count("gemm-weight-gradient fp8 m=6144 n=4096 k=2048 cold") == 1);
  CHECK(all.count("gemm-weight-gradient fp8 m=6144 n=4096 k=2049 cold") == 0);
}

TEST_CASE("attention has 1 to 64 query tokens against up to 128k cached ones", "[profiles]") {
  const auto all = keys(find_suite("attention")->points(false));
  CHECK(all.count("decode-attention bf16 batch=1 kv_len=131072 q_heads=32 kv_heads=8 head_dim=128 cold") ==
        1);
  CHECK(all.count(
            "verify-attention bf16 batch=4 kv_len=128 query=64 q_heads=32 kv_heads=8 head_dim=128 cold") ==
        1);
  for (const char* family : {"prefill-attention", "unmasked-attention"})
    CHECK(all.count(std::string(family) +
                    " bf16 batch=1 sequence=2048 q_heads=32 kv_heads=8 head_dim=128 cold") == 1);
}

TEST_CASE("layers are forward and backward, gated or not, and causal where a kernel is", "[profiles]") {
  const auto all = keys(find_suite("layer")->points(true));
  for (const char* pass : {"layer-forward bf16 batch=2 sequence=2048 hidden=4096 gated=1 cold",
                           "layer-forward bf16 batch=2 sequence=2048 hidden=4096 gated=1 causal=1 cold",
                           "layer-backward bf16 batch=2 sequence=2048 hidden=4096 gated=1 cold"})
    CHECK(all.count(pass) == 1);
}

TEST_CASE("each pass has an order of its own, the same every time", "[profiles]") {
  const std::vector<SuitePoint> points = find_suite("launch")->points(true);
  const auto text = [&](int pass) {
    std::string all;
    for (const SuitePoint& point : in_order(points, pass)) all += point.family + to_text(point.axes) + "\n";
    return all;
  };
  CHECK(text(1) == text(1));
  CHECK(text(1) != text(2));
  CHECK(keys(in_order(points, 2)) == keys(points));
}
