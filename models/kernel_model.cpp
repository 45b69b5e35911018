// Roofline times interpolated residual. The residual is the logarithm of measured time over roofline; over
// shapes it is kriged (models/kriging.h) at each measured load, between loads it is linear in the loads'
// logarithms.
#include "models/kernel_model.h"

#include <algorithm>
#include <cmath>
#include <map>
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

/// `widths`: the logarithms of an axis' steps.
Bracket bracket(const std::vector<double>& axis, const std::vector<double>& widths, double value) {
  if (value <= axis.front()) return {0, 0, 0, portable_log2(axis.front() / value)};
  if (value >= axis.back()) return {axis.size() - 1, axis.size() - 1, 0, portable_log2(value / axis.back())};
  const auto high = static_cast<std::size_t>(std::ranges::upper_bound(axis, value) - axis.begin());
  const double below = axis[high - 1];
  return {high - 1, high, portable_log(value / below) / widths[high - 1], 0};
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
      Features features = shape_place(row->point.shape);
      const std::span<const double> place = place_of(row->point, features);
      points.insert(points.end(), place.begin(), place.end());
      residuals.push_back(portable_log(row->us / roofline_us(*family_, roofline_, row->point, element_bytes_,
                                                             flops_per_s_, device_.bandwidth.per_second)));
    }
    if (loads_.empty() || loads_.back()[0] != load[0]) first_cell_.push_back(loads_.size());
    loads_.push_back(load);
    residuals_.emplace_back(family_->features, points, residuals);
    for (std::size_t axis = 0; axis < kMostAxes; ++axis) axes_[axis].push_back(load[axis]);
  }
  first_cell_.push_back(loads_.size());
  for (std::size_t a = 0; a < kMostAxes; ++a) {
    std::vector<double>& axis = axes_[a];
    std::ranges::sort(axis);
    axis.erase(std::unique(axis.begin(), axis.end()), axis.end());
    if (a >= family_->loads()) continue;
    for (std::size_t i = 0; i + 1 < axis.size(); ++i)
      widths_[a].push_back(portable_log(axis[i + 1] / axis[i]));
  }
}

/// What the shape alone says of where a point lies.
Features KernelModel::shape_place(const Load& shape) const {
  Features features = family_->shape_features(shape);
  for (std::size_t f = 0; f < family_->shape_only; ++f) features[f] /= family_->lengths[f];
  return features;
}

/// Where a point lies among those of its load: in `features`, shape_place(), to which the load's are added.
std::span<const double> KernelModel::place_of(const KernelPoint& point, Features& features) const {
  family_->set_load_features(point, device_, features);
  for (std::size_t f = family_->shape_only; f < family_->features; ++f) features[f] /= family_->lengths[f];
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
  const Features of_shape = shape_place(point.shape);
  const Corners around = corners(point.load, outside);
  for (const Corner& corner : std::span(around.list).first(around.count)) {
    Features features = of_shape;
    const std::span<const double> place = place_of({loads_[corner.cell], point.shape}, features);
    const Estimate at = residuals_[corner.cell].at(place);
    sum.value += corner.weight * at.value;
    sum.deviation += corner.weight * at.deviation;
  }
  return sum;
}

/// The cell of a load whose first coordinate stands at `first_axis` on its axis, if it was measured.
std::optional<std::size_t> KernelModel::cell_at(std::size_t first_axis, const Load& load) const {
  const auto begin = loads_.begin() + static_cast<std::ptrdiff_t>(first_cell_[first_axis]);
  const auto end = loads_.begin() + static_cast<std::ptrdiff_t>(first_cell_[first_axis + 1]);
  const auto at = std::lower_bound(begin, end, load, [](const Load& a, const Load& b) {
    return a[1] != b[1] ? a[1] < b[1] : a[2] < b[2];
  });
  if (at == end || *at != load) return std::nullopt;
  return static_cast<std::size_t>(at - loads_.begin());
}

/// The measured loads around `load`. Where a corner was not measured, the others stand for it.
KernelModel::Corners KernelModel::corners(const Load& load, double& outside) const {
  std::array<Bracket, kMostAxes> brackets;
  const std::size_t axes = family_->loads();
  for (std::size_t axis = 0; axis < axes; ++axis) {
    brackets[axis] = bracket(axes_[axis], widths_[axis], load[axis]);
    outside += brackets[axis].outside;
  }
  Corners found;
  double total = 0;
  for (std::size_t corner = 0; corner < (std::size_t{1} << axes); ++corner) {
    Load at{};
    double weight = 1;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      const bool high = (corner >> axis & 1) != 0;
      weight *= high ? brackets[axis].weight : 1 - brackets[axis].weight;
      at[axis] = axes_[axis][high ? brackets[axis].high : brackets[axis].low];
    }
    if (weight == 0) continue;
    const std::optional<std::size_t> cell =
        cell_at((corner & 1) != 0 ? brackets[0].high : brackets[0].low, at);
    if (!cell) continue;
    found.list[found.count++] = {*cell, weight};
    total += weight;
  }
  if (found.count == 0) {
    const std::size_t cell = nearest_cell(load);
    for (std::size_t axis = 0; axis < axes; ++axis)
      outside += std::abs(portable_log2(load[axis] / loads_[cell][axis]));
    return {{{{cell, 1}}}, 1};
  }
  for (Corner& corner : std::span(found.list).first(found.count)) corner.weight /= total;
  return found;
}

std::size_t KernelModel::nearest_cell(const Load& load) const {
  std::size_t best = 0;
  double least = -1;
  for (std::size_t cell = 0; cell < loads_.size(); ++cell) {
    double distance = 0;
    for (std::size_t axis = 0; axis < family_->loads(); ++axis)
      distance += std::abs(portable_log2(load[axis] / loads_[cell][axis]));
    if (least < 0 || distance < least) {
      least = distance;
      best = cell;
    }
  }
  return best;
}

}  // namespace stagecraft
