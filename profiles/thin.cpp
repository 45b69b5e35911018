#include "profiles/thin.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "profiles/spread.h"

namespace stagecraft {

namespace {

/// Logarithms of measured time over roofline, by point.
using Residuals = std::map<std::pair<std::array<double, kMostAxes>, std::array<double, kMostAxes>>, double>;

Residuals residuals_of(const KernelSection& section, const Device& device) {
  Residuals residuals;
  for (const KernelRow& row : section.rows)
    residuals[{row.point.load, row.point.shape}] =
        std::log(row.us / roofline_us(*section.family, section.roofline, row.point, section.element_bytes,
                                      section.flops_per_s, device.bandwidth.per_second));
  return residuals;
}

/// The value of one axis of the loads, and its neighbours.
struct Candidate {
  std::size_t axis;
  double before;
  double value;
  double after;
};

/// Mean error of the rows with the candidate's value when they are read off its neighbours; infinite when
/// fewer than half of them can be.
double error_without(const Residuals& residuals, const Candidate& candidate) {
  const double weight =
      std::log(candidate.value / candidate.before) / std::log(candidate.after / candidate.before);
  double sum = 0;
  std::size_t read = 0;
  std::size_t rows = 0;
  for (const auto& [point, residual] : residuals) {
    if (point.first[candidate.axis] != candidate.value) continue;
    ++rows;
    auto low = point;
    auto high = point;
    low.first[candidate.axis] = candidate.before;
    high.first[candidate.axis] = candidate.after;
    const auto a = residuals.find(low);
    const auto b = residuals.find(high);
    if (a == residuals.end() || b == residuals.end()) continue;
    sum += std::abs((1 - weight) * a->second + weight * b->second - residual);
    ++read;
  }
  return 2 * read < rows || read == 0 ? std::numeric_limits<double>::infinity()
                                      : sum / static_cast<double>(read);
}

std::vector<Candidate> candidates(const Residuals& residuals, std::size_t axes) {
  std::vector<Candidate> result;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    std::set<double> values;
    for (const auto& [point, residual] : residuals) values.insert(point.first[axis]);
    const std::vector<double> sorted(values.begin(), values.end());
    for (std::size_t i = 1; i + 1 < sorted.size(); ++i)
      result.push_back({axis, sorted[i - 1], sorted[i], sorted[i + 1]});
  }
  return result;
}

}  // namespace

KernelSection thinned(const KernelSection& section, const Device& device, double tolerance) {
  KernelSection result = section;
  Residuals residuals = residuals_of(section, device);
  for (;;) {
    Candidate best{};
    double least = tolerance;
    for (const Candidate& candidate : candidates(residuals, section.family->loads())) {
      const double error = error_without(residuals, candidate);
      if (error >= least) continue;
      least = error;
      best = candidate;
    }
    if (best.value == 0) return result;
    std::erase_if(residuals, [&](const auto& entry) { return entry.first.first[best.axis] == best.value; });
    std::erase_if(result.rows, [&](const KernelRow& row) { return row.point.load[best.axis] == best.value; });
  }
}

KernelSection widened(KernelSection section, const std::vector<KernelRow>& rows, const Device& device) {
  if (rows.empty()) return section;
  const double before = section.deviation_scale;
  section.deviation_scale = 1;
  const KernelModel model(section, device);
  std::vector<double> ratios;
  for (const KernelRow& row : rows) {
    const KernelTime time = model.predict(row.point);
    ratios.push_back(std::abs(std::log(time.us / row.us)) / std::max(time.deviation, 1e-9));
  }
  section.deviation_scale = std::max(before, quantile_of(std::move(ratios), 0.8) / kSigmas80);
  return section;
}

CollectiveSection thinned(CollectiveSection section, double most) {
  for (;;) {
    double least = most;
    std::size_t best = section.rows.size();
    for (std::size_t i = 0; i < section.rows.size(); ++i) {
      const std::optional<double> error = error_without(section, i);
      if (!error || *error >= least) continue;
      least = *error;
      best = i;
    }
    if (best == section.rows.size()) return section;
    section.rows.erase(section.rows.begin() + static_cast<std::ptrdiff_t>(best));
  }
}

}  // namespace stagecraft
