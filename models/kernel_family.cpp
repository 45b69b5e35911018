#include "models/kernel_family.h"

#include <cmath>

#include "base/random.h"

namespace stagecraft {

namespace {

using Axes = std::array<double, kMostAxes>;

/// How much longer `tiles` equal tiles take in whole waves over the device's processors than spread evenly: 0
/// when the last wave is full. A power of two's logarithm, as all features.
double wave_loss(double tiles, const Device& device) {
  const auto processors = static_cast<double>(device.processors);
  return portable_log2(std::ceil(tiles / processors) * processors / tiles);
}

double tiles_of(double rows, double columns, double tile_rows, double tile_columns) {
  return std::ceil(rows / tile_rows) * std::ceil(columns / tile_columns);
}

// Y[m,n] = X[m,k] W[n,k]^T, 2-byte output.
KernelWork gemm_work(const KernelPoint& p, double element_bytes) {
  const double m = p.load[0];
  const double n = p.shape[0];
  const double k = p.shape[1];
  return {2 * m * n * k, element_bytes * (m * k + n * k) + 2 * m * n};
}

Features gemm_shape(const Axes& shape) {
  return {portable_log2(shape[0]), portable_log2(shape[1])};
}

// Libraries choose the tile; the two commonest sizes of Hopper's stand for all.
void gemm_load(const KernelPoint& p, const Device& device, Features& features) {
  features[2] = wave_loss(tiles_of(p.load[0], p.shape[0], 128, 256), device);
  features[3] = wave_loss(tiles_of(p.load[0], p.shape[0], 128, 128), device);
}

// Causal: half of the scores. Loads: batch, sequence; shapes: query heads, key-value heads, head dimension.
KernelWork prefill_work(const KernelPoint& p, double element_bytes) {
  const auto [batch, sequence, unused] = p.load;
  const auto [heads, kv_heads, dimension] = p.shape;
  return {2 * batch * heads * sequence * sequence * dimension,
          element_bytes * batch * sequence * dimension * 2 * (heads + kv_heads)};
}

Features prefill_shape(const Axes& shape) {
  return {portable_log2(shape[0]), portable_log2(shape[1]), portable_log2(shape[2])};
}

void prefill_load(const KernelPoint& p, const Device& device, Features& features) {
  const auto [batch, sequence, unused] = p.load;
  features[3] = wave_loss(batch * p.shape[0] * std::ceil(sequence / 128), device);
}

// One query token per sequence reads the whole cache. Loads: batch, cached tokens; shapes as prefill.
KernelWork decode_work(const KernelPoint& p, double element_bytes) {
  const auto [batch, cached, unused] = p.load;
  const auto [heads, kv_heads, dimension] = p.shape;
  return {4 * batch * heads * cached * dimension,
          element_bytes * batch * dimension * (2 * cached * kv_heads + 2 * heads)};
}

// Query heads of one group share a tile of 16 rows. Kernels for groups exist up to 32 heads: larger groups,
// and groups of one, run in others.
Features decode_shape(const Axes& shape) {
  const auto [heads, kv_heads, dimension] = shape;
  const double group = heads / kv_heads;
  return {portable_log2(group),   portable_log2(kv_heads), portable_log2(dimension),
          group > 32 ? 1.0 : 0.0, group == 1 ? 1.0 : 0.0,  portable_log2(16 * std::ceil(group / 16))};
}

void decode_load(const KernelPoint& p, const Device& device, Features& features) {
  features[6] = wave_loss(p.load[0] * p.shape[1], device);
}

// Several query tokens per sequence against the whole cache, without a mask: a draft's verification. Loads:
// batch, cached tokens, query tokens; shapes as prefill.
KernelWork verify_work(const KernelPoint& p, double element_bytes) {
  const auto [batch, cached, query] = p.load;
  const auto [heads, kv_heads, dimension] = p.shape;
  return {4 * batch * heads * query * cached * dimension,
          element_bytes * batch * dimension * 2 * (cached * kv_heads + query * heads)};
}

Features verify_shape(const Axes& shape) {
  const auto [heads, kv_heads, dimension] = shape;
  const double group = heads / kv_heads;
  return {portable_log2(group), portable_log2(kv_heads), portable_log2(dimension), group == 1 ? 1.0 : 0.0};
}

// The query tokens of all heads of a group share tiles of 64 rows.
void verify_load(const KernelPoint& p, const Device& device, Features& features) {
  const auto [heads, kv_heads, dimension] = p.shape;
  const double tiles = std::ceil(p.load[2] * heads / kv_heads / 64);
  features[4] = portable_log2(tiles);
  features[5] = wave_loss(p.load[0] * kv_heads * tiles, device);
}

constexpr KernelFamily kFamilies[] = {
    {.name = "gemm",
     .summary = "matrix products Y[m,n] = X[m,k] W[n,k]^T",
     .load_axes = {"m"},
     .shape_axes = {"n", "k"},
     .roofline = {.latency_us = 3, .flops_share = 0.8, .bytes_share = 0.8},
     .features = 4,
     .shape_only = 2,
     .lengths = {2, 4, 1, 1},
     .work = gemm_work,
     .shape_features = gemm_shape,
     .set_load_features = gemm_load},
    {.name = "prefill-attention",
     .summary = "causal attention of whole sequences",
     .load_axes = {"batch", "sequence"},
     .shape_axes = {"q_heads", "kv_heads", "head_dim"},
     .roofline = {.latency_us = 6, .flops_share = 0.6, .bytes_share = 0.8},
     .features = 4,
     .shape_only = 3,
     .lengths = {4, 8, 1, 1},
     .work = prefill_work,
     .shape_features = prefill_shape,
     .set_load_features = prefill_load},
    // Before decoding: a file of its times has every column that one of decoding has.
    {.name = "verify-attention",
     .summary = "attention of several new tokens per sequence over a cache, without a mask",
     .load_axes = {"batch", "kv_len", "query"},
     .shape_axes = {"q_heads", "kv_heads", "head_dim"},
     .roofline = {.latency_us = 8, .flops_share = 0.5, .bytes_share = 0.8},
     .features = 6,
     .shape_only = 4,
     .lengths = {6, 8, 2, 0.5, 1, 2},
     .work = verify_work,
     .shape_features = verify_shape,
     .set_load_features = verify_load},
    {.name = "decode-attention",
     .summary = "attention of one new token per sequence over a cache",
     .load_axes = {"batch", "kv_len"},
     .shape_axes = {"q_heads", "kv_heads", "head_dim"},
     .roofline = {.latency_us = 8, .flops_share = 0.3, .bytes_share = 0.8},
     .features = 7,
     .shape_only = 6,
     .lengths = {6, 8, 2, 0.3, 0.5, 1, 2},
     .work = decode_work,
     .shape_features = decode_shape,
     .set_load_features = decode_load},
};

}  // namespace

std::span<const KernelFamily> kernel_families() {
  return kFamilies;
}

const KernelFamily* find_kernel_family(std::string_view name) {
  for (const KernelFamily& family : kFamilies)
    if (family.name == name) return &family;
  return nullptr;
}

double roofline_us(const KernelFamily& family, const KernelRoofline& roofline, const KernelPoint& point,
                   double element_bytes, double flops_per_s, double bytes_per_s) {
  const KernelWork work = family.work(point, element_bytes);
  const double arithmetic = work.flops / (roofline.flops_share * flops_per_s) * 1e6;
  const double memory = work.bytes / (roofline.bytes_share * bytes_per_s) * 1e6;
  return roofline.latency_us + std::sqrt(arithmetic * arithmetic + memory * memory);
}

}  // namespace stagecraft
