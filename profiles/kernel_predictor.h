#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/kernel_model.h"
#include "profiles/suite_points.h"

namespace stagecraft {

/// Predicts kernels by what a table measured of others, each alone. Rows of passes and of kernels inside
/// them, of warm caches and of the sentinel are left out.
/// - Products and attention: the cost models' way (models/kernel_model.h). Gradients of products are fitted
/// by
///   themselves, with the axes m, n, k of their family.
/// - Batched products: the time that was measured of the very point; else of one product with batch times m
///   rows.
/// - Kernels that stream (rows, width): linear in their bytes between the medians of their family; below the
///   smallest as long as that, beyond the largest in proportion.
class KernelPredictor {
 public:
  /// `device` is what was measured. Fits every family: O(rows) times some hundred.
  KernelPredictor(std::span<const MeasuredRow> rows, const Device& device);

  /// Microseconds; nothing where the table has no row of the family in this format.
  std::optional<double> us(const SuitePoint& point) const;

 private:
  using Name = std::pair<std::string, std::string>;           // family, format
  using Curve = std::vector<std::pair<double, double>>;       // elements ascending, microseconds
  using Points = std::map<std::string, std::vector<double>>;  // of batched products: times by point

  std::optional<double> modelled(const Name& name, const KernelPoint& point) const;
  std::optional<double> batched(const SuitePoint& point) const;
  std::optional<double> streaming(const SuitePoint& point) const;

  std::map<Name, std::unique_ptr<KernelModel>> models_;
  std::map<Name, Curve> curves_;
  std::map<Name, Points> batched_;
};

}  // namespace stagecraft
