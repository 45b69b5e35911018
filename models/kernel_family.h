#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "models/cluster.h"

namespace stagecraft {

/// Most axes of loads or of shapes, and most features, that a family of kernels has.
inline constexpr std::size_t kMostAxes = 3;
inline constexpr std::size_t kMostFeatures = 8;

/// One call of a kernel. What changes from call to call of one model (tokens, batch, sequence) is its load;
/// what the model fixes (weight dimensions, heads) its shape. Unused places are 0.
struct KernelPoint {
  std::array<double, kMostAxes> load{};
  std::array<double, kMostAxes> shape{};
  bool operator==(const KernelPoint&) const = default;
};

/// The roofline of a family: t = latency + ((FLOP / (flops_share P))^2 + (bytes / (bytes_share W))^2)^(1/2)
/// with the device's peaks P and W. The square lets arithmetic and memory slow each other down where both are
/// near their limit.
struct KernelRoofline {
  double latency_us = 3;
  double flops_share = 0.8;
  double bytes_share = 0.8;
  bool operator==(const KernelRoofline&) const = default;
};

/// FLOPs (a multiply-add counted as two) and bytes of device memory of one call.
struct KernelWork {
  double flops = 0;
  double bytes = 0;
};

using Features = std::array<double, kMostFeatures>;

/// A kind of kernel whose times are tabulated: what its points mean, what bounds it, and along which features
/// its distance from the roofline changes slowly.
struct KernelFamily {
  std::string_view name;
  std::string_view summary;
  std::array<std::string_view, kMostAxes> load_axes;   ///< "" where there are fewer
  std::array<std::string_view, kMostAxes> shape_axes;  ///< likewise
  KernelRoofline roofline;                             ///< before it is fitted
  std::size_t features = 0;
  std::size_t shape_only = 0;  ///< the first so many of them the shape alone decides
  Features lengths{};          ///< of each feature: over what distance the residual changes

  /// `element_bytes`: 2 for bf16 and fp16, 1 for fp8.
  KernelWork (*work)(const KernelPoint& point, double element_bytes);
  /// The features that the shape alone decides. The others are 0.
  Features (*shape_features)(const std::array<double, kMostAxes>& shape);
  /// Sets those that change with the load.
  void (*set_load_features)(const KernelPoint& point, const Device& device, Features& features);

  std::size_t loads() const { return count(load_axes); }
  std::size_t shapes() const { return count(shape_axes); }

 private:
  static std::size_t count(const std::array<std::string_view, kMostAxes>& axes) {
    std::size_t used = 0;
    while (used < kMostAxes && !axes[used].empty()) ++used;
    return used;
  }
};

/// Every family. Names: gemm, prefill-attention, verify-attention, decode-attention.
std::span<const KernelFamily> kernel_families();
/// Null when there is none of this name.
const KernelFamily* find_kernel_family(std::string_view name);

/// Microseconds of the family's roofline. `flops_per_s` is the device's peak for the number format.
double roofline_us(const KernelFamily& family, const KernelRoofline& roofline, const KernelPoint& point,
                   double element_bytes, double flops_per_s, double bytes_per_s);

}  // namespace stagecraft
