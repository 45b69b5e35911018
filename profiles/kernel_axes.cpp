#include "profiles/kernel_axes.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// False where an axis is missing.
bool take(const Axes& axes, const std::array<std::string_view, kMostAxes>& names, std::size_t count,
          std::array<double, kMostAxes>& values) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto found =
        std::find_if(axes.begin(), axes.end(), [&](auto& axis) { return axis.first == names[i]; });
    if (found == axes.end()) return false;
    values[i] = static_cast<double>(found->second);
  }
  return true;
}

Axes as_verification(Axes axes) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].first != "sequence") continue;
    axes[i].first = "kv_len";
    axes.emplace_back("query", axes[i].second);
    break;
  }
  return axes;
}

}  // namespace

std::optional<KernelPoint> kernel_point(const KernelFamily& family, const Axes& axes) {
  KernelPoint point;
  if (!take(axes, family.load_axes, family.loads(), point.load)) return {};
  if (!take(axes, family.shape_axes, family.shapes(), point.shape)) return {};
  return point;
}

std::optional<FamilyPoint> family_point(const std::string& name, const Axes& axes) {
  if (name == "unmasked-attention") return family_point("verify-attention", as_verification(axes));
  const KernelFamily* family = find_kernel_family(name);
  if (!family || axes.size() != family->loads() + family->shapes()) return {};
  const auto point = kernel_point(*family, axes);
  if (!point) return {};
  return FamilyPoint{family, *point};
}

KernelSection empty_section(const KernelFamily& family, const std::string& format, const Device& device) {
  KernelSection section;
  section.family = &family;
  section.format = format;
  section.element_bytes = format == "fp8" ? 1 : 2;
  section.flops_per_s = format == "fp8" ? device.fp8.per_second : device.half.per_second;
  return section;
}

}  // namespace stagecraft
