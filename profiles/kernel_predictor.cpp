#include "profiles/kernel_predictor.h"

#include <algorithm>

#include "profiles/fit.h"
#include "profiles/kernel_axes.h"
#include "profiles/pass_plan.h"
#include "profiles/spread.h"

namespace stagecraft {

namespace {

bool is_gradient(const std::string& family) {
  return family == "gemm-input-gradient" || family == "gemm-weight-gradient";
}

/// Gradients of products have the axes of products.
std::optional<FamilyPoint> modelled_point(const std::string& family, const Axes& axes) {
  return family_point(is_gradient(family) ? "gemm" : family, axes);
}

bool is_alone(const MeasuredRow& row) {
  return row.suite != "sentinel" && row.cache != "warm" && row.cache != kInPass && row.median_us > 0 &&
         !is_pass(row.family);
}

/// The name under which times of this family are kept: what is verification by another name is with it.
std::string kept_as(const std::string& family, const FamilyPoint& found) {
  return is_gradient(family) ? family : std::string(found.family->name);
}

double elements_of(const Axes& axes) {
  double rows = 0, width = 0;
  for (const auto& [name, value] : axes) {
    if (name == "rows") rows = static_cast<double>(value);
    if (name == "width") width = static_cast<double>(value);
  }
  return rows * width;
}

/// The median of each size.
std::vector<std::pair<double, double>> curve_of(const std::map<double, std::vector<double>>& sizes) {
  std::vector<std::pair<double, double>> curve;
  for (const auto& [elements, us] : sizes) curve.emplace_back(elements, quantile_of(us, 0.5));
  return curve;
}

}  // namespace

KernelPredictor::KernelPredictor(std::span<const MeasuredRow> rows, const Device& device) {
  std::map<Name, KernelSection> sections;
  std::map<Name, std::map<double, std::vector<double>>> sizes;
  for (const MeasuredRow& row : rows) {
    if (!is_alone(row)) continue;
    const Axes axes = axes_of(row.point);
    if (const auto found = modelled_point(row.family, axes)) {
      const Name name{kept_as(row.family, *found), row.format};
      const auto at = sections.try_emplace(name, empty_section(*found->family, row.format, device)).first;
      if (at->second.flops_per_s > 0) at->second.rows.push_back({found->point, row.median_us});
    } else if (row.family.starts_with("batched-")) {
      batched_[{row.family, row.format}][row.point].push_back(row.median_us);
    } else if (const double elements = elements_of(axes); elements > 0) {
      sizes[{row.family, row.format}][elements].push_back(row.median_us);
    }
  }
  for (auto& [name, section] : sections)
    if (!section.rows.empty())
      models_[name] = std::make_unique<KernelModel>(fit(std::move(section), device), device);
  for (const auto& [name, times] : sizes) curves_[name] = curve_of(times);
}

std::optional<double> KernelPredictor::us(const SuitePoint& point) const {
  if (const auto found = modelled_point(point.family, point.axes))
    return modelled({kept_as(point.family, *found), point.format}, found->point);
  return point.family.starts_with("batched-") ? batched(point) : streaming(point);
}

std::optional<double> KernelPredictor::modelled(const Name& name, const KernelPoint& point) const {
  const auto model = models_.find(name);
  if (model == models_.end()) return {};
  return model->second->predict(point).us;
}

std::optional<double> KernelPredictor::batched(const SuitePoint& point) const {
  if (const auto family = batched_.find({point.family, point.format}); family != batched_.end())
    if (const auto times = family->second.find(to_text(point.axes)); times != family->second.end())
      return quantile_of(times->second, 0.5);
  const auto real = [&](const char* axis) { return static_cast<double>(point.at(axis)); };
  return modelled({"gemm", point.format}, {{real("batch") * real("m")}, {real("n"), real("k")}});
}

std::optional<double> KernelPredictor::streaming(const SuitePoint& point) const {
  const auto found = curves_.find({point.family, point.format});
  if (found == curves_.end()) return {};
  const Curve& curve = found->second;
  const double elements = elements_of(point.axes);
  const auto high = std::lower_bound(curve.begin(), curve.end(), std::pair{elements, 0.0});
  if (high == curve.begin()) return high->second;
  const auto& [below, below_us] = *(high - 1);
  if (high == curve.end()) return below_us * elements / below;
  return below_us + (high->second - below_us) * (elements - below) / (high->first - below);
}

}  // namespace stagecraft
