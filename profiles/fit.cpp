#include "profiles/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "profiles/spread.h"

namespace stagecraft {

namespace {

constexpr std::uint64_t kFolds = 5;
constexpr std::uint64_t kCalibrationSalt = 1;
// An interval of no width is never true.
constexpr double kLeastScale = 1e-3;

template <class Keep>
KernelSection filtered(const KernelSection& section, const Keep& keep) {
  KernelSection result = section;
  std::erase_if(result.rows, [&](const KernelRow& row) { return !keep(row); });
  return result;
}

/// Mean |log(roofline / measured)|.
double roofline_error(const KernelSection& section, const KernelRoofline& roofline, const Device& device) {
  double sum = 0;
  for (const KernelRow& row : section.rows)
    sum += std::abs(std::log(roofline_us(*section.family, roofline, row.point, section.element_bytes,
                                         section.flops_per_s, device.bandwidth.per_second) /
                             row.us));
  return sum / static_cast<double>(section.rows.size());
}

/// Tries factors on one constant after the other, finer each time nothing helps.
KernelRoofline fit_roofline(const KernelSection& section, const Device& device) {
  KernelRoofline best = section.family->roofline;
  double least = roofline_error(section, best, device);
  for (double step = 1.2; step > 1.005;) {
    const double before = least;
    for (double KernelRoofline::*constant :
         {&KernelRoofline::latency_us, &KernelRoofline::flops_share, &KernelRoofline::bytes_share})
      for (const double factor : {step, 1 / step}) {
        KernelRoofline tried = best;
        tried.*constant *= factor;
        if (tried.flops_share > 1 || tried.bytes_share > 1) continue;
        const double error = roofline_error(section, tried, device);
        if (error >= least) continue;
        best = tried;
        least = error;
      }
    if (least == before) step = std::sqrt(step);
  }
  return best;
}

/// |log error| over deviation of every row, predicted without the rows of its part.
std::vector<double> cross_validated(const KernelSection& section, const Device& device) {
  std::vector<double> ratios;
  for (std::uint64_t fold = 0; fold < kFolds; ++fold) {
    KernelSection training = rows_outside_fold(section, kCalibrationSalt, kFolds, fold);
    const KernelSection test = rows_in_fold(section, kCalibrationSalt, kFolds, fold);
    if (training.rows.empty()) continue;
    training.deviation_scale = 1;
    const KernelModel model(training, device);
    for (const KernelRow& row : test.rows) {
      const KernelTime time = model.predict(row.point);
      ratios.push_back(std::abs(std::log(time.us / row.us)) / std::max(time.deviation, 1e-9));
    }
  }
  return ratios;
}

/// The numbers that follow from the errors of all rows.
HeldOut with_quantiles(HeldOut result) {
  result.median = quantile_of(result.errors, 0.5);
  result.p90 = quantile_of(result.errors, 0.9);
  return result;
}

}  // namespace

HeldOut merged(const HeldOut& a, const HeldOut& b) {
  const double rows = static_cast<double>(a.rows + b.rows);
  if (rows == 0) return {};
  const auto mean = [&](double HeldOut::*member) {
    return (a.*member * static_cast<double>(a.rows) + b.*member * static_cast<double>(b.rows)) / rows;
  };
  HeldOut both{.rows = a.rows + b.rows,
               .mape = mean(&HeldOut::mape),
               .bias = mean(&HeldOut::bias),
               .coverage80 = mean(&HeldOut::coverage80),
               .errors = a.errors};
  both.errors.insert(both.errors.end(), b.errors.begin(), b.errors.end());
  return with_quantiles(std::move(both));
}

std::uint64_t fold_of(const KernelPoint& point, std::uint64_t salt, std::uint64_t folds) {
  std::string key;
  for (const double axis : point.shape) key += fmt::format("{},", static_cast<std::int64_t>(axis));
  key += fmt::format("{}", salt);
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return (hash ^ hash >> 32) % folds;
}

KernelSection rows_in_fold(const KernelSection& section, std::uint64_t salt, std::uint64_t folds,
                           std::uint64_t fold) {
  return filtered(section, [&](const KernelRow& row) { return fold_of(row.point, salt, folds) == fold; });
}

KernelSection rows_outside_fold(const KernelSection& section, std::uint64_t salt, std::uint64_t folds,
                                std::uint64_t fold) {
  return filtered(section, [&](const KernelRow& row) { return fold_of(row.point, salt, folds) != fold; });
}

SplitRows largest_shapes(const KernelSection& section, double share) {
  using Shape = std::array<double, kMostAxes>;
  std::map<Shape, double> flops;
  for (const KernelRow& row : section.rows) {
    double& most = flops[row.point.shape];
    most = std::max(most, section.family->work(row.point, section.element_bytes).flops);
  }
  std::vector<std::pair<double, Shape>> sorted;
  for (const auto& [shape, most] : flops) sorted.emplace_back(most, shape);
  std::ranges::sort(sorted, std::greater<>());
  const auto count = std::max(1.0, share * static_cast<double>(sorted.size()));
  sorted.resize(std::min(sorted.size(), static_cast<std::size_t>(count)));
  std::set<Shape> largest;
  for (const auto& [most, shape] : sorted) largest.insert(shape);
  SplitRows split{section, section};
  std::erase_if(split.inside.rows, [&](const KernelRow& row) { return !largest.contains(row.point.shape); });
  std::erase_if(split.outside.rows, [&](const KernelRow& row) { return largest.contains(row.point.shape); });
  return split;
}

KernelSection fit(KernelSection section, const Device& device) {
  section.roofline = fit_roofline(section, device);
  // Few shapes may all be in one part: then nothing was held out, and the scale stays the first guess.
  const std::vector<double> ratios = cross_validated(section, device);
  if (!ratios.empty()) section.deviation_scale = std::max(quantile_of(ratios, 0.8) / kSigmas80, kLeastScale);
  return section;
}

HeldOut evaluate(const KernelSection& table, const std::vector<KernelRow>& rows, const Device& device) {
  HeldOut result{.rows = rows.size(), .errors = {}};
  if (rows.empty()) return result;
  const KernelModel model(table, device);
  const auto count = static_cast<double>(rows.size());
  for (const KernelRow& row : rows) {
    const KernelTime time = model.predict(row.point);
    const double error = time.us / row.us - 1;
    result.errors.push_back(std::abs(error));
    result.mape += std::abs(error) / count;
    result.bias += error / count;
    const double factor = time.factor80();
    if (row.us <= time.us * factor && row.us >= time.us / factor) result.coverage80 += 1 / count;
  }
  return with_quantiles(std::move(result));
}

}  // namespace stagecraft
