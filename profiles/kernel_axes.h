#pragma once

#include <optional>
#include <string>

#include "models/kernel_model.h"
#include "profiles/raw_rows.h"

namespace stagecraft {

/// The values of the family's axes; nothing where one of them is missing. Others do not matter.
std::optional<KernelPoint> kernel_point(const KernelFamily& family, const Axes& axes);

/// A row's call in the words of the cost models.
struct FamilyPoint {
  const KernelFamily* family = nullptr;
  KernelPoint point;
};

/// Of a family that the cost models know and exactly its axes; else nothing. unmasked-attention of whole
/// sequences is verify-attention of as many tokens as are cached.
std::optional<FamilyPoint> family_point(const std::string& family, const Axes& axes);

/// A section without rows, for one format of a device's kernels.
KernelSection empty_section(const KernelFamily& family, const std::string& format, const Device& device);

}  // namespace stagecraft
