// Fritsch and Butland, "A Method for Constructing Local Monotone Piecewise Cubic Interpolants", SIAM Journal
// on Scientific and Statistical Computing 5(2), 1984.
#include "models/collective_table.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace stagecraft {

namespace {

/// Of an estimate, the part that comes from the curves of other numbers of devices. Chosen on H200 rows left
/// out one by one: 0, 0.3 and 0.4 give 2.9, 2.6 and 2.5 % for all-reduce.
constexpr double kFromOthers = 1.0 / 3;

/// Of the deviation an octave away: what a repeated measurement differs by. Assumed.
constexpr double kNoiseShare = 0.3;

/// The slope at the end of a curve, from its three last points, without a turn.
double end_slope(double h0, double h1, double d0, double d1) {
  const double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
  if (slope * d0 <= 0) return 0;
  return d0 * d1 < 0 && std::abs(slope) > 3 * std::abs(d0) ? 3 * d0 : slope;
}

/// Slopes of the monotone cubic at its points.
std::vector<double> slopes(const std::vector<double>& x, const std::vector<double>& y) {
  const std::size_t n = x.size();
  if (n == 1) return {0};
  std::vector<double> h(n - 1), d(n - 1), slope(n);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    h[i] = x[i + 1] - x[i];
    d[i] = (y[i + 1] - y[i]) / h[i];
  }
  if (n == 2) return {d[0], d[0]};
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double before = 2 * h[i] + h[i - 1], behind = h[i] + 2 * h[i - 1];
    slope[i] = d[i - 1] * d[i] <= 0 ? 0 : (before + behind) / (before / d[i - 1] + behind / d[i]);
  }
  slope[0] = end_slope(h[0], h[1], d[0], d[1]);
  slope[n - 1] = end_slope(h[n - 2], h[n - 3], d[n - 2], d[n - 3]);
  return slope;
}

/// Straight between points, flat beyond them.
double straight(const std::vector<double>& x, const std::vector<double>& y, double at) {
  const auto above = std::ranges::upper_bound(x, at);
  if (above == x.begin()) return y.front();
  if (above == x.end()) return y.back();
  const auto i = static_cast<std::size_t>(above - x.begin()) - 1;
  return y[i] + (y[i + 1] - y[i]) * (at - x[i]) / (x[i + 1] - x[i]);
}

/// Octaves to the nearest point.
double distance(const std::vector<double>& x, double at) {
  double least = std::abs(x.front() - at);
  for (const double point : x) least = std::min(least, std::abs(point - at));
  return least;
}

}  // namespace

double CollectiveModel::Curve::at(double log2_bytes) const {
  if (log2_bytes <= x.front()) return y.front();
  // In proportion to the bytes: natural logarithm of time, octaves of bytes.
  if (log2_bytes >= x.back()) return y.back() + (log2_bytes - x.back()) * portable_log(2);
  const auto above = std::ranges::upper_bound(x, log2_bytes);
  const auto i = static_cast<std::size_t>(above - x.begin()) - 1;
  const double h = x[i + 1] - x[i], t = (log2_bytes - x[i]) / h;
  const double s = 1 - t;
  return y[i] * (1 + 2 * t) * s * s + y[i + 1] * (3 - 2 * t) * t * t +
         h * t * s * (slope[i] * s - slope[i + 1] * t);
}

CollectiveModel::CollectiveModel(const CollectiveSection& section) : deviation_(section.deviation) {
  std::map<std::string, std::map<double, std::map<double, double>>> sorted;
  for (const CollectiveRow& row : section.rows) sorted[row.operation][row.gpus][row.bytes] = row.us;
  for (const auto& [operation, by_gpus] : sorted) {
    Curves& curves = operations_[operation];
    for (const auto& [gpus, times] : by_gpus) {
      Curve curve{.gpus = gpus, .x = {}, .y = {}, .slope = {}, .ratio = {}};
      for (const auto& [bytes, us] : times) {
        curve.x.push_back(portable_log2(bytes));
        curve.y.push_back(portable_log(us));
      }
      curve.slope = slopes(curve.x, curve.y);
      curves.push_back(std::move(curve));
    }
    add_ratios(curves);
  }
}

void CollectiveModel::add_ratios(Curves& curves) {
  for (Curve& curve : curves) {
    for (const Curve& other : curves) {
      std::vector<double>& ratio = curve.ratio.emplace_back();
      for (std::size_t i = 0; i < curve.x.size(); ++i) ratio.push_back(curve.y[i] - other.at(curve.x[i]));
    }
  }
}

double CollectiveModel::blended(const Curves& curves, std::size_t curve, double x) {
  const Curve& own = curves[curve];
  const double value = own.at(x);
  if (curves.size() == 1) return value;
  double others = 0;
  for (std::size_t i = 0; i < curves.size(); ++i)
    if (i != curve) others += curves[i].at(x) + straight(own.x, own.ratio[i], x);
  others /= static_cast<double>(curves.size() - 1);
  return (1 - kFromOthers) * value + kFromOthers * others;
}

KernelTime CollectiveModel::time(const Curves& curves, std::size_t curve, double x) const {
  const double octaves = std::min(1.0, distance(curves[curve].x, x));
  return {portable_exp(blended(curves, curve, x)), deviation_ * std::max(kNoiseShare, octaves)};
}

std::optional<KernelTime> CollectiveModel::predict(std::string_view operation, double gpus,
                                                   double bytes) const {
  const auto found = operations_.find(operation);
  if (found == operations_.end() || bytes <= 0) return std::nullopt;
  const Curves& curves = found->second;
  const double x = portable_log2(bytes);
  const auto above = std::ranges::lower_bound(curves, gpus, {}, &Curve::gpus);
  if (above == curves.end()) return std::nullopt;
  const auto i = static_cast<std::size_t>(above - curves.begin());
  if (above->gpus == gpus) return time(curves, i, x);
  if (i == 0) return std::nullopt;
  const KernelTime low = time(curves, i - 1, x), high = time(curves, i, x);
  const double share =
      portable_log(gpus / curves[i - 1].gpus) / portable_log(above->gpus / curves[i - 1].gpus);
  return KernelTime{portable_exp(portable_log(low.us) * (1 - share) + portable_log(high.us) * share),
                    deviation_};
}

namespace {

struct LeftOut {
  double error = 0;  // |log(predicted / measured)|
  double relative = 0;
  double gap = 0;  // bytes of the neighbour above over that below
};

/// A row between two others of its operation and devices, predicted without it.
std::optional<LeftOut> left_out(const CollectiveSection& section, std::size_t left) {
  const CollectiveRow& row = section.rows[left];
  double below = 0, above = 0;
  CollectiveSection rest;
  for (std::size_t i = 0; i < section.rows.size(); ++i) {
    const CollectiveRow& other = section.rows[i];
    if (other.operation != row.operation || i == left) continue;
    rest.rows.push_back(other);
    if (other.gpus != row.gpus) continue;
    if (other.bytes < row.bytes) below = std::max(below, other.bytes);
    if (other.bytes > row.bytes) above = above == 0 ? other.bytes : std::min(above, other.bytes);
  }
  if (below == 0 || above == 0) return std::nullopt;
  const KernelTime predicted = *CollectiveModel(rest).predict(row.operation, row.gpus, row.bytes);
  return LeftOut{std::abs(portable_log(predicted.us / row.us)), std::abs(predicted.us / row.us - 1),
                 above / below};
}

std::vector<LeftOut> left_out(const CollectiveSection& section, std::string_view operation) {
  std::vector<LeftOut> result;
  for (std::size_t i = 0; i < section.rows.size(); ++i) {
    if (!operation.empty() && section.rows[i].operation != operation) continue;
    if (const auto row = left_out(section, i)) result.push_back(*row);
  }
  return result;
}

}  // namespace

CollectiveErrors left_out_errors(const CollectiveSection& section, std::string_view operation) {
  CollectiveErrors errors;
  for (const LeftOut& row : left_out(section, operation)) {
    errors.rows += 1;
    errors.mean += row.relative;
    if (row.gap > 4) continue;
    errors.near += 1;
    errors.near_mean += row.relative;
  }
  errors.mean /= static_cast<double>(std::max<std::size_t>(errors.rows, 1));
  errors.near_mean /= static_cast<double>(std::max<std::size_t>(errors.near, 1));
  return errors;
}

std::optional<double> error_without(const CollectiveSection& section, std::size_t row) {
  const auto error = left_out(section, row);
  return error ? std::optional(error->relative) : std::nullopt;
}

CollectiveSection judged(CollectiveSection section) {
  constexpr double kUnknown = 0.1;  // too few rows to tell
  std::vector<LeftOut> rows = left_out(section, std::string_view());
  section.held_out_error = left_out_errors(section, "all_reduce").mean;
  section.deviation = kUnknown;
  if (rows.size() < 5) return section;
  const auto at = static_cast<std::ptrdiff_t>(0.8 * static_cast<double>(rows.size()));
  std::ranges::nth_element(rows, rows.begin() + at, {}, &LeftOut::error);
  section.deviation = std::max(1e-3, rows[static_cast<std::size_t>(at)].error / kSigmas80);
  return section;
}

}  // namespace stagecraft
