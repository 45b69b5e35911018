#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace stagecraft {

/// A value read off measured ones near it, and how far off it may be.
struct Estimate {
  double value = 0;
  /// Standard deviation in units of the values' own: 0 at a point without noise, at most about 1. What one
  /// unit means is calibrated by whoever fits a table.
  double deviation = 0;
};

struct KrigingOptions {
  std::size_t neighbours = 24;  ///< nearest points that take part, 1 ... kMostNeighbours
  double nugget = 0.02;         ///< variance of a measurement's noise, relative to that of the values
  /// The values' mean, to which an estimate far from all points returns: simple kriging. Nothing: estimated
  /// from the neighbours, ordinary kriging.
  std::optional<double> mean;
};

/// Values at points of a few dimensions, and what they say of other points: kriging over the nearest
/// neighbours with the Matern 3/2 covariance (1 + sqrt(3) r) exp(-sqrt(3) r).
///
/// Source: Matheron, "Principles of Geostatistics", Economic Geology 58, 1963; Rasmussen and Williams,
/// "Gaussian Processes for Machine Learning", 2006, equations 2.25, 2.26 and 4.17.
class Kriging {
 public:
  static constexpr std::size_t kMostNeighbours = 32;

  /// `points` are values.size() times `dimensions` coordinates, each divided by the length over which the
  /// value changes along it. At least one point.
  Kriging(std::size_t dimensions, std::vector<double> points, std::vector<double> values);

  /// O(points + neighbours^3). Deterministic: of equally near points the first ones are taken.
  Estimate at(std::span<const double> point, const KrigingOptions& options = {}) const;

  std::size_t size() const { return values_.size(); }

 private:
  std::size_t dimensions_;
  std::vector<double> points_;
  std::vector<double> values_;
};

}  // namespace stagecraft
