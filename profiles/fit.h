#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/kernel_model.h"

namespace stagecraft {

/// How well a model predicts rows that it was not given.
struct HeldOut {
  std::size_t rows = 0;
  double mape = 0;             ///< mean |predicted / measured - 1|
  double median = 0;           ///< of the same
  double p90 = 0;              ///< of the same
  double bias = 0;             ///< mean of predicted / measured - 1
  double coverage80 = 0;       ///< share of rows inside the stated 80 % interval
  std::vector<double> errors;  ///< |predicted / measured - 1| of each row
};

/// Both sets of rows as one.
HeldOut merged(const HeldOut& a, const HeldOut& b);

/// Which of `folds` parts a shape belongs to: FNV-1a over its axes as decimal integers with ',' behind each,
/// then `salt` in decimal, modulo `folds`. All rows of one weight shape or head configuration are in one
/// part, so that a held-out part is new in structure.
std::uint64_t fold_of(const KernelPoint& point, std::uint64_t salt, std::uint64_t folds);

/// The rows whose fold is, or is not, `fold`.
KernelSection rows_in_fold(const KernelSection& section, std::uint64_t salt, std::uint64_t folds,
                           std::uint64_t fold);
KernelSection rows_outside_fold(const KernelSection& section, std::uint64_t salt, std::uint64_t folds,
                                std::uint64_t fold);

/// The rows of the `share` of the shapes with the most work (by their largest load; at least one shape), and
/// the others: a test of extrapolation.
struct SplitRows {
  KernelSection inside;
  KernelSection outside;
};
SplitRows largest_shapes(const KernelSection& section, double share);

/// Fits the roofline's three constants (least mean |log(predicted / measured)|, by coordinate search) and
/// then the scale of the intervals, so that 80 % of the errors of a cross-validation over five parts of the
/// shapes lie inside. O(rows) times some hundred, and five predictions of every row.
KernelSection fit(KernelSection section, const Device& device);

/// Predicts every row of `rows` by a model of `table`.
HeldOut evaluate(const KernelSection& table, const std::vector<KernelRow>& rows, const Device& device);

}  // namespace stagecraft
