#pragma once

#include <array>
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
  double nugget = 0.02;  ///< variance of a measurement's noise, relative to that of the values
  /// The values' mean, to which an estimate far from all points returns: simple kriging. Nothing: estimated
  /// from the neighbours, ordinary kriging.
  std::optional<double> mean;
};

/// Values at points of a few dimensions, and what they say of other points: kriging over points near by with
/// the Matern 3/2 covariance (models/covariance.h).
///
/// Neighbourhoods are settled when it is made: up to kMostCentres points, far from each other, each with the
/// kNeighbours points nearest to it. A question takes the neighbourhood of the nearest centre, whose system
/// of equations is solved already. An estimate's value is of all neighbours, its deviation of the
/// kScreening nearest to the centre: those behind them hardly change it.
///
/// Source: Matheron, "Principles of Geostatistics", Economic Geology 58, 1963; Rasmussen and Williams,
/// "Gaussian Processes for Machine Learning", 2006, equations 2.25 and 2.26.
class Kriging {
 public:
  static constexpr std::size_t kMostCentres = 48;
  static constexpr std::size_t kNeighbours = 24;
  static constexpr std::size_t kScreening = 12;

  /// `points` are values.size() times `dimensions` coordinates, each divided by the length over which the
  /// value changes along it. At least one point. O(centres (points + neighbours^3)).
  Kriging(std::size_t dimensions, std::span<const double> points, std::span<const double> values,
          const KrigingOptions& options = {});

  /// O(centres + neighbours + screening^2). Deterministic: of equally near centres the first one is taken.
  Estimate at(std::span<const double> point) const;

 private:
  /// What is known of a neighbourhood before any question. Where there are fewer points, zeros.
  struct Neighbourhood {
    double mean = 0;
    std::array<double, kNeighbours> weights{};                // inverse covariance times (values - mean)
    std::array<double, kScreening * kScreening> whitening{};  // inverse of the Cholesky factor, by columns
  };

  void add_neighbourhood(std::span<const std::size_t> members, std::span<const double> columns,
                         std::span<const double> values, const std::optional<double>& mean);
  std::size_t nearest_centre(std::span<const double> point) const;

  std::size_t dimensions_;
  double nugget_;
  std::vector<double> centres_;  // kMostCentres of the first dimension, then of the next
  std::vector<double> members_;  // of each neighbourhood likewise kNeighbours of each dimension
  std::vector<Neighbourhood> neighbourhoods_;
};

}  // namespace stagecraft
