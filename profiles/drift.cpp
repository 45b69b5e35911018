#include "profiles/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "profiles/spread.h"

namespace stagecraft {

namespace {

using Family = std::tuple<std::string, std::string, std::string>;  // family, format, cache

struct Mean {
  double sum_us = 0;
  double rows = 0;
  double us() const { return sum_us / rows; }
};

using Points = std::map<Family, std::map<std::string, Mean>>;

Points points_of(std::span<const MeasuredRow> rows) {
  Points points;
  for (const MeasuredRow& row : rows) {
    if (row.suite == "sentinel" || row.median_us <= 0) continue;
    Mean& mean = points[{row.family, row.format, row.cache}][row.point];
    mean.sum_us += row.median_us;
    mean.rows += 1;
  }
  return points;
}

double distance(double ratio) {
  return std::abs(std::log(ratio));
}

Drift drift_of(const Family& family, std::vector<PointRatio> points, std::size_t worst) {
  Drift drift{.family = std::get<0>(family),
              .format = std::get<1>(family),
              .cache = std::get<2>(family),
              .points = points.size(),
              .worst = {}};
  std::vector<double> ratios;
  std::vector<double> distances;
  for (const PointRatio& point : points) {
    ratios.push_back(point.ratio);
    distances.push_back(std::abs(point.ratio - 1));
  }
  drift.median = quantile_of(ratios, 0.5);
  drift.p10 = quantile_of(ratios, 0.1);
  drift.p90 = quantile_of(ratios, 0.9);
  drift.spread = quantile_of(distances, 0.5);
  std::stable_sort(points.begin(), points.end(),
                   [](auto& a, auto& b) { return distance(a.ratio) > distance(b.ratio); });
  points.resize(std::min(points.size(), worst));
  drift.worst = std::move(points);
  return drift;
}

}  // namespace

std::vector<Drift> compare_rows(std::span<const MeasuredRow> before, std::span<const MeasuredRow> after,
                                std::size_t worst) {
  const Points first = points_of(before);
  std::vector<Drift> drifts;
  for (const auto& [family, points] : points_of(after)) {
    const auto same = first.find(family);
    if (same == first.end()) continue;
    std::vector<PointRatio> ratios;
    for (const auto& [point, mean] : points)
      if (const auto found = same->second.find(point); found != same->second.end())
        ratios.push_back({point, mean.us() / found->second.us()});
    if (!ratios.empty()) drifts.push_back(drift_of(family, std::move(ratios), worst));
  }
  return drifts;
}

std::vector<Drift> compare_passes(std::span<const MeasuredRow> rows, std::size_t worst) {
  std::vector<MeasuredRow> passes[2];
  for (const MeasuredRow& row : rows)
    if (row.pass == 1 || row.pass == 2) passes[row.pass == 2].push_back(row);
  return compare_rows(passes[0], passes[1], worst);
}

std::string to_text(std::span<const Drift> drifts) {
  std::string text;
  for (const Drift& drift : drifts) {
    text +=
        fmt::format("{:<30} {:<5} {:<5} {:>6} points  median {:.3f}  p10 {:.3f}  p90 {:.3f}\n", drift.family,
                    drift.format, drift.cache, drift.points, drift.median, drift.p10, drift.p90);
    for (const PointRatio& point : drift.worst)
      text += fmt::format("    {:.3f}  {}\n", point.ratio, point.point);
  }
  return text;
}

}  // namespace stagecraft
