#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/kernel_family.h"
#include "models/kriging.h"

namespace stagecraft {

/// One measured call.
struct KernelRow {
  KernelPoint point;
  double us = 0;  ///< microseconds, > 0
};

/// Times of one family's kernels in one number format on one device, as measured, and what was fitted to
/// them.
struct KernelSection {
  const KernelFamily* family = nullptr;
  std::string format;        ///< "bf16", "fp8"
  double element_bytes = 2;  ///< of the inputs
  double flops_per_s = 0;    ///< the device's peak in that format
  KernelRoofline roofline;
  /// Relative standard deviation of a prediction per unit of Estimate::deviation.
  double deviation_scale = 0.2;
  double held_out_error = 0;  ///< mean relative error on shapes held out; 0: not measured
  std::vector<KernelRow> rows;
};

/// Standard deviations from the middle that hold 80 % of a normal distribution.
inline constexpr double kSigmas80 = 1.2815515655446004;

/// A predicted time and how sure it is: the logarithm of the true time is taken to be normal around that of
/// `us`.
struct KernelTime {
  double us = 0;
  double deviation = 0;  ///< standard deviation of the logarithm: about the relative error

  /// Half of the width that holds the true time with 80 % probability, as a factor: us / factor ... us *
  /// factor.
  double factor80() const;
};

/// Predicts the time of any call of one family from a table: the roofline times what the measured calls
/// nearest in shape took longer than theirs, interpolated between the loads that were measured. At a measured
/// point it gives nearly the measured time; far from all of them the roofline, with a wide interval.
///
/// Any thread may ask. Nothing is kept between questions: the first of a shape costs as much as any other,
/// some 0.25 us per measured load that it lies between (a product between two, attention four). Making a
/// model costs 1 to 3 us a row.
class KernelModel {
 public:
  /// Throws std::invalid_argument for a section without rows.
  KernelModel(const KernelSection& section, const Device& device);

  KernelTime predict(const KernelPoint& point) const;

 private:
  using Load = std::array<double, kMostAxes>;
  struct Corner {
    std::size_t cell = 0;
    double weight = 0;
  };
  /// No vector: a question allocates nothing.
  struct Corners {
    std::array<Corner, std::size_t{1} << kMostAxes> list;
    std::size_t count = 0;
  };

  void add_cells(const KernelSection& section);
  Corners corners(const Load& load, double& outside) const;
  std::optional<std::size_t> cell_at(std::size_t first_axis, const Load& load) const;
  std::size_t nearest_cell(const Load& load) const;
  Estimate residual(const KernelPoint& point, double& outside) const;
  Features shape_place(const Load& shape) const;
  std::span<const double> place_of(const KernelPoint& point, Features& features) const;

  const KernelFamily* family_;
  Device device_;
  KernelRoofline roofline_;
  double element_bytes_;
  double flops_per_s_;
  double deviation_scale_;
  std::array<std::vector<double>, kMostAxes> axes_;    // measured loads, ascending
  std::array<std::vector<double>, kMostAxes> widths_;  // logarithms of their steps
  std::vector<Load> loads_;                            // of each cell, ascending
  std::vector<std::size_t>
      first_cell_;                  // by place on the first axis: of the loads with that value; and the end
  std::vector<Kriging> residuals_;  // of each cell: logarithms of measured time over roofline, over shapes
};

}  // namespace stagecraft
