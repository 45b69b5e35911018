// Roofline times interpolated residual. The residual is the logarithm of measured time over roofline; over
// shapes it is kriged (models/kriging.h) at each measured load, between loads it is linear in the loads'
// logarithms.
#include "models/kernel_model.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/random.h"

namespace stagecraft {

namespace {

/// Standard deviation that a residual gains per factor of two beyond the measured loads.
constexpr double kOutsideDeviation = 0.05;

/// Neighbours of `value` on an ascending axis, the second one's weight, and the factors of two it lies
/// outside.
struct Bracket {
  std::size_t low = 0;
  std::size_t high = 0;
  double weight = 0;
  double outside = 0;
};

Bracket bracket(const std::vector<double>& axis, double value) {
  if (value <= axis.front()) return {0, 0, 0, portable_log2(axis.front() / value)};
  if (value >= axis.back()) return {axis.size() - 1, axis.size() - 1, 0, portable_log2(value / axis.back())};
  const auto high = static_cast<std::size_t>(std::ranges::upper_bound(axis, value) - axis.begin());
  const double below = axis[high - 1];
  return {high - 1, high, portable_log(value / below) / portable_log(axis[high] / below), 0};
}

}  // namespace

double KernelTime::factor80() const {
  return portable_exp(kSigmas80 * deviation);
}

KernelModel::KernelModel(const KernelSection& section, const Device& device)
    : family_(section.family),
      device_(device),
      roofline_(section.roofline),
      element_bytes_(section.element_bytes),
      flops_per_s_(section.flops_per_s),
      deviation_scale_(section.deviation_scale) {
  if (section.rows.empty()) throw std::invalid_argument("a table of kernels without a row predicts nothing");
  add_cells(section);
}

void KernelModel::add_cells(const KernelSection& section) {
  std::map<std::array<double, kMostAxes>, std::vector<const KernelRow*>> by_load;
  for (const KernelRow& row : section.rows) by_load[row.point.load].push_back(&row);
  for (const auto& [load, rows] : by_load) {
    std::vector<double> points;
    std::vector<double> residuals;
    for (const KernelRow* row : rows) {
      Features features = family_->shape_features(row->point.shape);
      const std::span<const double> place = place_of(row->point, features);
      points.insert(points.end(), place.begin(), place.end());
      residuals.push_back(portable_log(row->us / roofline_us(*family_, roofline_, row->point, element_bytes_,
                                                             flops_per_s_, device_.bandwidth.per_second)));
    }
    cell_of_[load] = cells_.size();
    cells_.push_back({load, Kriging(family_->features, points, residuals)});
    for (std::size_t axis = 0; axis < kMostAxes; ++axis) axes_[axis].push_back(load[axis]);
  }
  for (std::vector<double>& axis : axes_) {
    std::ranges::sort(axis);
    axis.erase(std::unique(axis.begin(), axis.end()), axis.end());
  }
}

/// Where a point lies among those of its load: in `features`, to which the load's are added.
std::span<const double> KernelModel::place_of(const KernelPoint& point, Features& features) const {
  family_->set_load_features(point, device_, features);
  for (std::size_t f = 0; f < family_->features; ++f) features[f] /= family_->lengths[f];
  return std::span(features).first(family_->features);
}

KernelTime KernelModel::predict(const KernelPoint& point) const {
  double outside = 0;
  const Estimate estimate = residual(point, outside);
  const double base =
      roofline_us(*family_, roofline_, point, element_bytes_, flops_per_s_, device_.bandwidth.per_second);
  const double deviation = deviation_scale_ * estimate.deviation;
  const double far = kOutsideDeviation * outside;
  return {base * portable_exp(estimate.value), std::sqrt(deviation * deviation + far * far)};
}

Estimate KernelModel::residual(const KernelPoint& point, double& outside) const {
  Estimate sum;
  const Features of_shape = family_->shape_features(point.shape);
  for (const Corner& corner : corners(point.load, outside)) {
    const Cell& cell = cells_[corner.cell];
    Features features = of_shape;
    const Estimate at = cell.residuals.at(place_of({cell.load, point.shape}, features));
    sum.value += corner.weight * at.value;
    sum.deviation += corner.weight * at.deviation;
  }
  return sum;
}

/// The measured loads around `load`. Where a corner was not measured, the others stand for it.
std::vector<KernelModel::Corner> KernelModel::corners(const std::array<double, kMostAxes>& load,
                                                      double& outside) const {
  std::array<Bracket, kMostAxes> brackets;
  const std::size_t axes = family_->loads();
  for (std::size_t axis = 0; axis < axes; ++axis) {
    brackets[axis] = bracket(axes_[axis], load[axis]);
    outside += brackets[axis].outside;
  }
  std::vector<Corner> found;
  double total = 0;
  for (std::size_t corner = 0; corner < (std::size_t{1} << axes); ++corner) {
    std::array<double, kMostAxes> at{};
    double weight = 1;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      const bool high = (corner >> axis & 1) != 0;
      weight *= high ? brackets[axis].weight : 1 - brackets[axis].weight;
      at[axis] = axes_[axis][high ? brackets[axis].high : brackets[axis].low];
    }
    const auto cell = cell_of_.find(at);
    if (weight == 0 || cell == cell_of_.end()) continue;
    found.push_back({cell->second, weight});
    total += weight;
  }
  if (found.empty()) {
    const std::size_t cell = nearest_cell(load);
    for (std::size_t axis = 0; axis < axes; ++axis)
      outside += std::abs(portable_log2(load[axis] / cells_[cell].load[axis]));
    return {{cell, 1}};
  }
  for (Corner& corner : found) corner.weight /= total;
  return found;
}

std::size_t KernelModel::nearest_cell(const std::array<double, kMostAxes>& load) const {
  std::size_t best = 0;
  double least = -1;
  for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
    double distance = 0;
    for (std::size_t axis = 0; axis < family_->loads(); ++axis)
      distance += std::abs(portable_log2(load[axis] / cells_[cell].load[axis]));
    if (least < 0 || distance < least) {
      least = distance;
      best = cell;
    }
  }
  return best;
}

}  // namespace stagecraft
