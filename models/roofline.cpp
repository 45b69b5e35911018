// Williams, Waterman and Patterson, "Roofline", CACM 52(4), 2009; whole waves of output tiles as in NVIDIA,
// "Matrix Multiplication Background User's Guide", section on tile and wave quantization.
#include "models/roofline.h"

#include <algorithm>
#include <array>
#include <bit>

namespace stagecraft {
namespace {

struct Tile {
  std::int64_t rows;
  std::int64_t columns;
};
constexpr Tile kTiles[] = {{256, 128}, {128, 256}, {128, 128}, {128, 64}, {64, 128}, {64, 64}};
constexpr std::int64_t kSplits[] = {1, 2, 4, 8};

/// A tile is fed from shared memory: r x c products per r + c numbers read, so small tiles run below the rate
/// of large ones. Half-rate intensity, chosen so that 64 x 64 has 5/6 of the rate of 256 x 128.
constexpr double kHalfIntensity = 12;

double tile_rate(const Tile& tile) {
  const double r = static_cast<double>(tile.rows), c = static_cast<double>(tile.columns);
  const double intensity = r * c / (r + c);
  constexpr double kLargest = 256.0 * 128.0 / (256.0 + 128.0);
  return intensity / (intensity + kHalfIntensity) * (kLargest + kHalfIntensity) / kLargest;
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

double gemm_bytes(const Gemm& g) {
  const double m = static_cast<double>(g.m), n = static_cast<double>(g.n), k = static_cast<double>(g.k);
  return 2 * static_cast<double>(g.batch) * (m * k + k * n + m * n);
}

double memory_rate(const Device& device, const RooflineConstants& constants) {
  return device.bandwidth.per_second * constants.memory_efficiency;
}

/// One tile size and split of k: waves of tiles, each (k / split + ramp) deep.
double tiled_seconds(const Gemm& gemm, const Tile& tile, std::int64_t split, double efficiency,
                     const Device& device, const RooflineConstants& constants) {
  const std::int64_t tiles =
      ceil_div(gemm.m, tile.rows) * ceil_div(gemm.n, tile.columns) * gemm.batch * split;
  const auto waves = static_cast<double>(ceil_div(tiles, device.processors));
  const double depth = static_cast<double>(ceil_div(gemm.k, split)) + constants.gemm_ramp_k;
  const double flops = 2.0 * static_cast<double>(tile.rows * tile.columns) * depth;
  const double rate =
      device.half.per_second / static_cast<double>(device.processors) * efficiency * tile_rate(tile);
  // Partial sums are written and read as fp32.
  const double partials = split == 1 ? 0 : 8.0 * static_cast<double>(gemm.m * gemm.n * gemm.batch * split);
  return waves * flops / rate + partials / memory_rate(device, constants);
}

}  // namespace

double gemm_seconds(const Gemm& gemm, double efficiency, const Device& device,
                    const RooflineConstants& constants) {
  double best = -1;
  for (const Tile& tile : kTiles) {
    for (const std::int64_t split : kSplits) {
      if (split > 1 && gemm.k < 256 * split) continue;
      const double seconds = tiled_seconds(gemm, tile, split, efficiency, device, constants);
      if (best < 0 || seconds < best) best = seconds;
    }
  }
  return std::max(best, gemm_bytes(gemm) / memory_rate(device, constants));
}

namespace {

/// Seconds of fused attention from the table; its backward by the arithmetic that it has more.
std::optional<double> measured_attention(const Operator& op, const Pass& pass, const RunsOn& where) {
  if (where.sources.kernels == nullptr || !op.attention) return std::nullopt;
  const auto us = where.sources.kernels->attention_us(*op.attention, where.micro_batch, where.sources.sample);
  if (!us) return std::nullopt;
  const double forward = op.forward.flops_per_sample * op.forward.executed_share;
  return *us * 1e-6 * pass.flops_per_sample * pass.executed_share / forward;
}

double product_seconds(const Operator& op, const Gemm& gemm, const RunsOn& where,
                       const RooflineConstants& constants) {
  const bool weights = op.kernel == KernelClass::Gemm;
  if (where.sources.kernels != nullptr && weights)
    if (const auto us = where.sources.kernels->product_us(gemm, where.sources.sample)) return *us * 1e-6;
  const double seconds = gemm_seconds(gemm, constants.gemm_efficiency, where.cluster->device, constants);
  return weights ? seconds : seconds / constants.attention_efficiency;
}

/// Expected largest of n standard normal variables, n rounded up to a power of two.
/// Source: Harter, "Expected Values of Normal Order Statistics", Biometrika 48, 1961, table 1.
double expected_largest(std::int64_t n) {
  constexpr std::array kOfPower{0.0, 0.56419, 1.02938, 1.42360, 1.76599, 2.06967, 2.34373, 2.59460};
  const auto power = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(n) - 1));
  return kOfPower[std::min(power, kOfPower.size() - 1)];
}

/// Seconds on the device without gaps.
double device_seconds(const Operator& op, const Pass& pass, const RunsOn& where, double bytes,
                      const RooflineConstants& constants) {
  const Device& device = where.cluster->device;
  const double samples = static_cast<double>(where.micro_batch);
  if (pass.collective != Collective::None) {
    return group_seconds(pass.collective, pass.payload_per_sample * samples, where.tensor, *where.cluster,
                         constants, where.sources);
  }
  const double streaming = bytes / memory_rate(device, constants);
  if (op.kernel == KernelClass::Attention && pass.gemms[0].empty()) {  // fused
    const double flops = pass.flops_per_sample * samples * pass.executed_share;
    if (const auto seconds = measured_attention(op, pass, where)) return *seconds;
    return std::max(flops / (device.half.per_second * constants.flash_efficiency), streaming);
  }
  double products = 0, product_bytes = 0;
  for (const Gemm& gemm : pass.gemms) {
    if (gemm.empty()) continue;
    products += product_seconds(op, gemm.at(where.micro_batch), where, constants);
    product_bytes += gemm_bytes(gemm.at(where.micro_batch));
  }
  // What the products do not move themselves is moved by kernels beside them.
  return products + std::max(0.0, bytes - product_bytes) / memory_rate(device, constants);
}

}  // namespace

double group_seconds(Collective collective, double bytes, const Group& group, const Cluster& cluster,
                     const RooflineConstants& constants, const CostSources& sources) {
  if (sources.kernels != nullptr && group.nodes <= 1 && group.size > 1)
    if (const auto us = sources.kernels->collective_us(collective, group.size, bytes, sources.sample))
      return *us * 1e-6;
  return collective_seconds(collective, bytes, group, cluster, constants.collectives);
}

PassTime pass_time(const Operator& op, const Pass& pass, const RunsOn& where,
                   const RooflineConstants& constants) {
  PassTime time;
  if (pass.kernels == 0) return time;
  const Device& device = where.cluster->device;
  const auto samples = static_cast<double>(where.micro_batch);
  const bool fused = !pass.fallback.needed(where.micro_batch);
  const int kernels = fused ? pass.kernels : pass.fallback.kernels;
  const double bytes =
      (fused ? pass.bytes_per_sample : pass.fallback.bytes_per_sample) * samples + pass.fixed_bytes;
  time.flops_seconds = pass.flops_per_sample * samples * pass.executed_share / device.half.per_second;
  time.bytes_seconds = bytes / device.bandwidth.per_second;
  time.device_seconds =
      device_seconds(op, pass, where, bytes, constants) + kernels * to_seconds(constants.kernel_gap);
  if (pass.collective != Collective::None && !pass.hidden)
    time.device_seconds += expected_largest(where.tensor.size) * to_seconds(constants.rank_spread);
  time.host_seconds = kernels * to_seconds(constants.host_launch);
  return time;
}

StateBytes state_bytes(std::int64_t parameters, const Strategy& strategy) {
  const std::int64_t replicas = strategy.zero1 ? strategy.data * std::int64_t{strategy.copies} : 1;
  return {.weights = 2 * parameters,
          .gradients = strategy.gradient_bytes * parameters,
          .optimizer = (12 * parameters + replicas - 1) / replicas};
}

}  // namespace stagecraft
