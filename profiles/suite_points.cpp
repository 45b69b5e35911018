#include "profiles/suite_points.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/random.h"
#include "models/catalog.h"
#include "models/transformer_layer.h"
#include "profiles/pass_plan.h"

namespace stagecraft {

namespace {

using Sizes = std::vector<std::int64_t>;

constexpr std::array kQuickModels = {"llama3-8b", "llama3-70b", "gpt-22b", "gpt3-175b"};
constexpr std::array kTensor = {1, 2, 4, 8};

// Tokens of one product. One more than a tile is another tile: m + 1 took up to 39 % longer on an H200.
const Sizes kTokens = {1,   2,   4,   8,   16,  32,   48,   64,   65,   96,   128,  129,  192,
                       256, 257, 512, 513, 768, 1024, 1025, 2048, 2049, 4096, 8192, 16384};
const Sizes kQuickTokens = {1, 8, 16, 64, 65, 128, 129, 256, 512, 1024, 1025, 2048, 4096, 8192};
// Gradients are of training, which has no small batches; fp8 wants multiples of 16 there.
constexpr std::int64_t kFewestTrainingTokens = 256;

bool is_quick(std::string_view name) {
  return std::find(kQuickModels.begin(), kQuickModels.end(), name) != kQuickModels.end();
}

/// Calls `visit` with the dimensions of every model that can be split, for each split.
template <class Visit>
void for_each_split(bool quick, const Visit& visit) {
  for (const Preset<Transformer>& preset : model_presets()) {
    if (quick && !is_quick(preset.name)) continue;
    for (const int tensor : kTensor) {
      if (quick && tensor != 1 && tensor != 8) continue;
      if (preset.value.heads % tensor || kv_heads_of(preset.value) % tensor) continue;
      visit(preset.value, local_dimensions(preset.value, {.tensor = tensor}));
    }
  }
}

void add_products(std::vector<SuitePoint>& points, const WeightShape& w, const std::string& format,
                  bool quick) {
  for (const std::int64_t tokens : quick ? kQuickTokens : kTokens) {
    points.push_back({"gemm", format, {{"m", tokens}, {"n", w.out}, {"k", w.in}}});
    // A decode step reads each weight once, so warm numbers are only for comparing with those of others.
    if (format == "bf16" && tokens <= 256 && !quick)
      points.push_back({"gemm", format, {{"m", tokens}, {"n", w.out}, {"k", w.in}}, "warm"});
    if (tokens < kFewestTrainingTokens || tokens % 16 || format == "fp16") continue;
    points.push_back({"gemm-input-gradient", format, {{"m", tokens}, {"n", w.in}, {"k", w.out}}});
    points.push_back({"gemm-weight-gradient", format, {{"m", w.out}, {"n", w.in}, {"k", tokens}}});
  }
}

std::vector<SuitePoint> layer_points(bool quick);

/// Those of the layers' attention backward, whose scores are in memory.
void add_batched_products(std::vector<SuitePoint>& points, bool quick) {
  std::set<std::string> seen;
  for (const SuitePoint& layer : layer_points(quick))
    for (const CountedKernel& kernel : count_kernels(plan_of(layer)))
      if (kernel.alone.family.starts_with("batched-") &&
          seen.insert(kernel.alone.family + to_text(kernel.alone.axes)).second)
        points.push_back(kernel.alone);
}

std::vector<SuitePoint> gemm_points(bool quick) {
  std::vector<SuitePoint> points;
  add_batched_products(points, quick);
  for (const WeightShape& weight : weight_shapes(quick))
    for (const char* format : {"bf16", "fp8", "fp16"}) {
      if (quick && std::string_view(format) == "fp16") continue;  // the same kernels as bf16, near enough
      add_products(points, weight, format, quick);
    }
  return points;
}

/// q tokens of each sequence against its cache: 1 is decoding, more is the verification of a draft.
std::vector<SuitePoint> attention_points(bool quick) {
  const Sizes batches = quick ? Sizes{1, 8, 64} : Sizes{1, 2, 4, 8, 16, 32, 64, 128, 256};
  const Sizes lengths = quick ? Sizes{128, 1024, 4096, 32768}
                              : Sizes{128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};
  const Sizes queries = quick ? Sizes{1, 4, 16, 64} : Sizes{1, 2, 4, 8, 16, 32, 64};
  constexpr std::int64_t kMostCacheBytes = std::int64_t{6} << 30;
  std::vector<SuitePoint> points;
  for (const HeadShape& heads : head_shapes(quick))
    for (const std::int64_t batch : batches)
      for (const std::int64_t length : lengths) {
        if (4 * batch * length * heads.kv_heads * heads.head_dim > kMostCacheBytes) continue;
        for (const std::int64_t query : queries) {
          Axes axes = {{"batch", batch}, {"kv_len", length}};
          if (query > 1) axes.emplace_back("query", query);
          axes.insert(
              axes.end(),
              {{"q_heads", heads.q_heads}, {"kv_heads", heads.kv_heads}, {"head_dim", heads.head_dim}});
          points.push_back({query == 1 ? "decode-attention" : "verify-attention", "bf16", axes});
        }
      }
  for (const HeadShape& heads : head_shapes(quick))
    for (const std::int64_t sequence :
         quick ? Sizes{512, 2048, 8192} : Sizes{512, 1024, 2048, 4096, 8192, 16384})
      for (const char* family : {"unmasked-attention", "prefill-attention"})
        points.push_back({family,
                          "bf16",
                          {{"batch", 1},
                           {"sequence", sequence},
                           {"q_heads", heads.q_heads},
                           {"kv_heads", heads.kv_heads},
                           {"head_dim", heads.head_dim}}});
  return points;
}

std::vector<SuitePoint> bandwidth_points(bool quick) {
  const Sizes rows = quick ? Sizes{1, 64, 1024, 8192} : Sizes{1, 8, 64, 256, 1024, 4096, 8192, 16384};
  const Sizes widths =
      quick ? Sizes{4096, 8192, 28672} : Sizes{1024, 2048, 4096, 5120, 8192, 12288, 14336, 28672};
  const Sizes vocabularies = quick ? Sizes{32000, 128256} : Sizes{16032, 32000, 51200, 64128, 128256};
  std::vector<SuitePoint> points;
  const auto add = [&](const char* family, const Sizes& across) {
    for (const std::int64_t row : rows)
      for (const std::int64_t width : across)
        if (row * width <= std::int64_t{1} << 31)
          points.push_back({family, "bf16", {{"rows", row}, {"width", width}}});
  };
  for (const char* family :
       {"rmsnorm", "rmsnorm-gradient", "layernorm", "layernorm-gradient", "swiglu", "swiglu-gradient", "gelu",
        "gelu-gradient", "residual-add", "rope", "cast-fp8", "embedding", "embedding-gradient"})
    add(family, widths);
  for (const char* family : {"softmax", "cross-entropy"}) add(family, vocabularies);
  add("kv-append", {512, 2048});
  for (const std::int64_t row : {4096, 65536})  // scores in memory
    for (const std::int64_t width : {1024, 2048})
      for (const char* family : {"softmax", "softmax-gradient"})
        points.push_back({family, "bf16", {{"rows", row}, {"width", width}}});
  for (std::int64_t count = std::int64_t{1} << 14; count <= std::int64_t{1} << (quick ? 28 : 29);
       count <<= quick ? 2 : 1)
    for (const char* family : {"adam", "fill-zero"})
      points.push_back({family, "fp32", {{"elements", count}}});
  return points;
}

/// ways=2: the opposite direction is busy with as many bytes.
std::vector<SuitePoint> copy_points(bool quick) {
  std::vector<SuitePoint> points;
  for (std::int64_t bytes = 1024; bytes <= std::int64_t{1} << 30; bytes <<= quick ? 2 : 1) {
    for (const char* family : {"copy-h2d", "copy-d2h"})
      for (const std::int64_t ways : {1, 2})
        points.push_back({family, "bytes", {{"bytes", bytes}, {"ways", ways}}, "warm"});
    points.push_back({"copy-d2d", "bytes", {{"bytes", bytes}, {"ways", 1}}, "warm"});
    points.push_back({"memset", "bytes", {{"bytes", bytes}, {"ways", 1}}, "warm"});
  }
  for (const char* family :
       {"copy-h2d-beside-gemm", "copy-d2h-beside-gemm", "gemm-beside-copy-h2d", "gemm-beside-copy-d2h"})
    for (const std::int64_t megabytes : {4, 64, 512})
      points.push_back({family, "bytes", {{"bytes", megabytes << 20}, {"ways", 1}}, "warm"});
  return points;
}

/// Kernels that do nothing: `kernels` of them by launches, or in graphs of so many nodes.
std::vector<SuitePoint> launch_points(bool) {
  std::vector<SuitePoint> points;
  for (const std::int64_t kernels : {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000})
    for (const char* family : {"launch", "graph-launch"})
      points.push_back({family, "none", {{"kernels", kernels}}, "warm"});
  points.push_back({"stream-synchronize", "none", {{"kernels", 1}}, "warm"});
  points.push_back({"event-wait", "none", {{"kernels", 1}}, "warm"});
  return points;
}

/// The main kernel's time while the fill kernel runs beside it. How they share: 0 two streams alike, 1 the
/// main stream has the higher priority, 2 the fill product is told to use a quarter of the processors.
std::vector<SuitePoint> interference_points(bool) {
  std::vector<SuitePoint> points;
  const Sizes kinds = {0, 1, 2, 3,
                       4};  // large product, matrix-vector product, bandwidth, copy to and from the host
  for (const std::int64_t main : {0, 1, 2})
    for (const std::int64_t fill : kinds)
      for (const std::int64_t sharing : {0, 1, 2})
        if (sharing != 2 || fill == 0)
          points.push_back(
              {"interference", "bf16", {{"main", main}, {"fill", fill}, {"sharing", sharing}}, "warm"});
  return points;
}

/// Layers in training (profiles/layer_plan.cpp), and what shows the gap between two kernels.
std::vector<SuitePoint> layer_points(bool quick) {
  const Sizes widths = quick ? Sizes{1024, 4096} : Sizes{1024, 2048, 4096};
  std::vector<std::pair<std::int64_t, std::int64_t>> tokens = {{1, 1024}, {2, 2048}};
  if (!quick) tokens.emplace_back(4, 2048);
  std::vector<SuitePoint> points = {
      {"kernel-chain", "bf16", {{"kernels", 20}, {"rows", 4096}, {"width", 4096}}}};
  for (const std::int64_t hidden : widths)
    for (const auto& [batch, sequence] : tokens)
      for (const std::int64_t gated : {0, 1}) {
        const Axes axes = {{"batch", batch}, {"sequence", sequence}, {"hidden", hidden}, {"gated", gated}};
        points.push_back({"layer-forward", "bf16", axes});
        points.push_back({"layer-backward", "bf16", axes});
        points.push_back({"layer-forward", "bf16", axes});
        points.back().axes.emplace_back("causal", 1);
      }
  return points;
}

/// A draft of 2 layers and a target of 4 (profiles/decode_plan.cpp), and rounds of both.
std::vector<SuitePoint> decode_points(bool quick) {
  const Sizes batches = quick ? Sizes{1, 8} : Sizes{1, 8, 32};
  const Sizes queries = quick ? Sizes{5} : Sizes{3, 5, 9};
  const Axes draft = {{"hidden", 1024}, {"layers", 2}};
  const Axes target = {{"hidden", 4096}, {"layers", 4}};
  std::vector<SuitePoint> points;
  for (const std::int64_t batch : batches)
    for (const std::int64_t length : {1024, 4096}) {
      const auto add = [&](const char* family, Axes axes, const Axes& more) {
        axes.insert(axes.begin(), {{"batch", batch}, {"kv_len", length}});
        axes.insert(axes.end(), more.begin(), more.end());
        points.push_back({family, "bf16", axes});
      };
      add("draft-step", {}, draft);
      for (const std::int64_t query : queries) {
        add("verify-step", {{"query", query}}, target);
        add("draft-verify-round", {{"query", query}, {"draft_hidden", 1024}, {"draft_layers", 2}}, target);
      }
    }
  return points;
}

constexpr std::array kSuites = {
    SuiteInfo{"gemm", "matrix products by cuBLASLt: forward and both gradients; bf16, fp16 and fp8",
              gemm_points},
    SuiteInfo{"copies", "copies between host and device, alone, both ways and beside a product; memset",
              copy_points},
    SuiteInfo{"launch", "the host's cost of launches, graphs and waits", launch_points},
    SuiteInfo{"attention", "decoding, verification and whole sequences by cuDNN", attention_points},
    SuiteInfo{"bandwidth", "norms, activations, softmax and loss, embedding, Adam, casts", bandwidth_points},
    SuiteInfo{"interference", "two kernels at a time: streams, priorities, limits on processors",
              interference_points},
    SuiteInfo{"layer", "a transformer layer end to end, forward and backward, and each of its kernels",
              layer_points},
    SuiteInfo{"decode-loop", "steps and rounds of a draft model and the target that verifies", decode_points},
};

}  // namespace

std::int64_t SuitePoint::at(std::string_view axis) const {
  for (const auto& [name, value] : axes)
    if (name == axis) return value;
  return 0;
}

std::span<const SuiteInfo> suites() {
  return kSuites;
}

const SuiteInfo* find_suite(std::string_view name) {
  for (const SuiteInfo& suite : kSuites)
    if (suite.name == name) return &suite;
  return nullptr;
}

std::vector<SuitePoint> in_order(std::vector<SuitePoint> points, int pass) {
  RandomStream random(static_cast<std::uint64_t>(pass), "profile order");
  for (std::size_t left = points.size(); left > 1; --left)
    std::swap(points[left - 1], points[random.below(left)]);
  return points;
}

std::vector<WeightShape> weight_shapes(bool quick) {
  std::set<WeightShape> shapes;
  for_each_split(quick, [&](const Transformer& model, const LocalDimensions& d) {
    const std::int64_t up = model.activation == Activation::SwiGlu ? 2 : 1;
    shapes.insert({(d.heads + 2 * d.kv_heads) * d.head_dim, d.h});
    shapes.insert({d.h, d.heads * d.head_dim});
    shapes.insert({up * d.ffn, d.h});
    shapes.insert({d.h, d.ffn});
    shapes.insert({d.vocabulary, d.h});
  });
  return {shapes.begin(), shapes.end()};
}

std::vector<HeadShape> head_shapes(bool quick) {
  std::set<HeadShape> shapes;
  for_each_split(quick, [&](const Transformer&, const LocalDimensions& d) {
    shapes.insert({d.heads, d.kv_heads, d.head_dim});
  });
  return {shapes.begin(), shapes.end()};
}

}  // namespace stagecraft
