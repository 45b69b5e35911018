// Speed of predictions: shapes asked for the first time and again, a collective, and making a model from a
// table.
#include <benchmark/benchmark.h>

#include "models/catalog.h"
#include "models/collective_table.h"
#include "profiles/fit.h"

namespace stagecraft {
namespace {

Device h200() {
  return find_preset(device_presets(), "h200")->value;
}

/// A table of the size of a measured one: 74 loads of 400 weight shapes.
KernelSection table() {
  KernelSection section{.family = find_kernel_family("gemm"),
                        .format = "bf16",
                        .flops_per_s = h200().half.per_second,
                        .rows = {}};
  for (int m = 1; m <= 74; ++m)
    for (int n = 1; n <= 20; ++n)
      for (int k = 1; k <= 20; ++k) {
        const KernelPoint point{{m * m * 4.0}, {n * n * 64.0, k * k * 64.0}};
        section.rows.push_back({point, roofline_us(*section.family, section.family->roofline, point, 2,
                                                   section.flops_per_s, h200().bandwidth.per_second)});
      }
  return section;
}

void make_model(benchmark::State& state) {
  const KernelSection section = table();
  for (auto _ : state) benchmark::DoNotOptimize(KernelModel(section, h200()));
}
BENCHMARK(make_model)->Unit(benchmark::kMillisecond);

void predict_known_shape(benchmark::State& state) {
  const KernelModel model(table(), h200());
  double m = 1;
  for (auto _ : state) {
    benchmark::DoNotOptimize(model.predict({{m}, {5120, 1536}}).us);
    m = m < 16384 ? m + 1 : 1;
  }
}
BENCHMARK(predict_known_shape);

void predict_new_shape(benchmark::State& state) {
  const KernelModel model(table(), h200());
  double n = 128;
  for (auto _ : state) benchmark::DoNotOptimize(model.predict({{1000}, {n += 8, 1536}}).us);
}
BENCHMARK(predict_new_shape);

/// Attention lies between four loads, of two axes. 120 loads of 140 head configurations.
void predict_new_attention(benchmark::State& state) {
  KernelSection section{.family = find_kernel_family("prefill-attention"),
                        .format = "bf16",
                        .flops_per_s = h200().half.per_second,
                        .rows = {}};
  for (double batch = 1; batch <= 512; batch *= 2)
    for (double sequence = 16; sequence <= 32768; sequence *= 2)
      for (int heads = 1; heads <= 35; ++heads)
        for (double kv_heads = 1; kv_heads <= 8; kv_heads *= 2)
          section.rows.push_back({{{batch, sequence}, {heads * kv_heads, kv_heads, 128}}, 10});
  const KernelModel model(section, h200());
  double heads = 1;
  for (auto _ : state) benchmark::DoNotOptimize(model.predict({{3, 5000}, {heads += 0.01, 1, 128}}).us);
}
BENCHMARK(predict_new_attention);

/// The measured sizes of two operations on three numbers of devices.
void predict_collective(benchmark::State& state) {
  CollectiveSection section{.rows = {}, .deviation = 0.05};
  for (const double gpus : {2.0, 4.0, 8.0})
    for (double bytes = 512; bytes <= 1 << 29; bytes *= 2)
      section.rows.push_back({"all_reduce", gpus, bytes, 4 * gpus + bytes / 2e5});
  const CollectiveModel model(section);
  double bytes = 1000;
  for (auto _ : state) benchmark::DoNotOptimize(model.predict("all_reduce", 8, bytes += 1000)->us);
}
BENCHMARK(predict_collective);

}  // namespace
}  // namespace stagecraft

BENCHMARK_MAIN();
