#include "profiles/pass_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/error.h"
#include "models/catalog.h"
#include "profiles/kernel_predictor.h"
#include "profiles/measured_table.h"
#include "profiles/pass_plan.h"

namespace stagecraft {

namespace {

struct Mean {
  double sum = 0;
  double count = 0;
  void add(double value) {
    sum += value;
    count += 1;
  }
  double value() const { return sum / count; }
};

using Key = std::tuple<std::string, std::string, std::string>;  // family, format, point
using Times = std::map<Key, Mean>;

/// The passes of a table, and its kernels inside them.
struct Measured {
  Times passes;
  Times inside;
  std::vector<Key> order;  ///< of the passes, as measured first
};

Measured measured_of(const RawRows& rows) {
  Measured measured;
  for (const MeasuredRow& row : rows.rows) {
    if (row.median_us <= 0) continue;
    const Key key{row.family, row.format, row.point};
    if (row.cache == kInPass) measured.inside[key].add(row.median_us);
    if (!is_pass(row.family)) continue;
    if (!measured.passes.count(key)) measured.order.push_back(key);
    measured.passes[key].add(row.median_us);
  }
  std::stable_sort(measured.order.begin(), measured.order.end(), [](const Key& a, const Key& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  return measured;
}

SuitePoint point_of(const Key& key) {
  const auto& [family, format, point] = key;
  return {family, format, axes_of(point)};
}

/// What the pass's kernels took inside it, added up; nothing where one was not measured.
std::optional<double> inside_us(const Measured& measured, const SuitePoint& pass,
                                const std::vector<CountedKernel>& kernels) {
  double sum = 0;
  for (const CountedKernel& kernel : kernels) {
    const auto found =
        measured.inside.find({kernel.alone.family, kernel.alone.format, point_in_pass(kernel, pass)});
    if (found == measured.inside.end()) return {};
    sum += static_cast<double>(kernel.times) * found->second.value();
  }
  return sum;
}

double gap_of(const Measured& measured) {
  Mean gaps;
  for (const auto& [key, time] : measured.passes) {
    const SuitePoint pass = point_of(key);
    const auto kernels = static_cast<double>(pass.at("kernels"));
    if (pass.family != "kernel-chain" || kernels < 2) continue;
    if (const auto inside = inside_us(measured, pass, count_kernels(plan_of(pass))))
      gaps.add(std::max(0.0, (time.value() - *inside) / (kernels - 1)));
  }
  return gaps.count > 0 ? gaps.value() : -1;
}

/// Between the fewest and the most launches in a row.
double launch_of(const RawRows& rows) {
  std::map<std::int64_t, Mean> by_count;
  for (const MeasuredRow& row : rows.rows)
    if (row.family == "launch" && row.median_us > 0)
      by_count[SuitePoint{row.family, row.format, axes_of(row.point)}.at("kernels")].add(row.median_us);
  if (by_count.size() < 2) return -1;
  const auto& [fewest, least] = *by_count.begin();
  const auto& [most, greatest] = *by_count.rbegin();
  return std::max(0.0, (greatest.value() - least.value()) / static_cast<double>(most - fewest));
}

void predict(PassPrediction& prediction, const KernelPredictor& predictor,
             const std::vector<CountedKernel>& kernels, const PassCheck& check) {
  std::set<std::string> missing;
  double sum = 0;
  for (const CountedKernel& kernel : kernels) {
    const std::optional<double> us = predictor.us(kernel.alone);
    if (us)
      sum += static_cast<double>(kernel.times) * *us;
    else
      missing.insert(kernel.alone.family);
  }
  prediction.missing.assign(missing.begin(), missing.end());
  if (!missing.empty()) return;
  const double gaps = static_cast<double>(prediction.kernels) - 1;
  prediction.predicted_us =
      std::max(sum + gaps * std::max(check.gap_us, 0.0), gaps * std::max(check.launch_us, 0.0));
}

std::string us_text(double us) {
  return us > 0 ? fmt::format("{:.1f}", us) : "-";
}

std::string line_of(const PassPrediction& pass) {
  return fmt::format(
      "  {:<72} {:>7} {:>11} {:>11} {:>9} {:>11}{}\n", pass.point, pass.kernels, us_text(pass.measured_us),
      us_text(pass.predicted_us), pass.predicted_us > 0 ? fmt::format("{:+.1f} %", 100 * pass.error()) : "-",
      us_text(pass.inside_us),
      pass.missing.empty() ? "" : fmt::format("  no rows of {}", fmt::join(pass.missing, ", ")));
}

std::string mean_text(const Mean& error, const Mean& bias) {
  return error.count == 0 ? ""
                          : fmt::format("  Mean error {:.1f} % of {} predicted, on average {:+.1f} %\n",
                                        100 * error.value(), error.count, 100 * bias.value());
}

std::string conditions_text(const PassCheck& check) {
  const std::string gap = check.gap_us < 0 ? "gaps not measured, taken as none"
                                           : fmt::format("{:.2f} us between two kernels", check.gap_us);
  const std::string launch = check.launch_us < 0 ? "cost of launches not measured"
                                                 : fmt::format("{:.2f} us a launch", check.launch_us);
  return fmt::format("{}: {}, {}\n", check.device, gap, launch);
}

}  // namespace

PassCheck check_passes(const RawRows& rows) {
  const auto* preset = find_preset(device_presets(), preset_of(rows.header.device));
  if (!preset) throw InputError(fmt::format("the catalog has no device for '{}'", rows.header.device));
  const Measured measured = measured_of(rows);
  const KernelPredictor predictor(rows.rows, preset->value);
  PassCheck check{
      .device = rows.header.device, .gap_us = gap_of(measured), .launch_us = launch_of(rows), .passes = {}};
  for (const Key& key : measured.order) {
    const SuitePoint pass = point_of(key);
    if (pass.family == "kernel-chain") continue;
    const PassPlan plan = plan_of(pass);
    const std::vector<CountedKernel> kernels = count_kernels(plan);
    PassPrediction prediction{.family = pass.family,
                              .format = pass.format,
                              .point = to_text(pass.axes),
                              .kernels = plan.kernels.size(),
                              .measured_us = measured.passes.at(key).value(),
                              .inside_us = inside_us(measured, pass, kernels).value_or(0),
                              .missing = {}};
    predict(prediction, predictor, kernels, check);
    check.passes.push_back(std::move(prediction));
  }
  if (check.passes.empty())
    throw InputError(
        "no row is of a pass, such as layer-forward or draft-step: measure the suites layer "
        "and decode-loop");
  return check;
}

std::string to_text(const PassCheck& check) {
  std::string text = conditions_text(check);
  std::string family;
  Mean error, bias;
  for (const PassPrediction& pass : check.passes) {
    if (pass.family + " " + pass.format != family) {
      text += mean_text(error, bias);
      error = bias = {};
      family = pass.family + " " + pass.format;
      text += fmt::format("{:<74} {:>7} {:>11} {:>11} {:>9} {:>11}\n", family, "kernels", "measured us",
                          "predicted", "error", "inside us");
    }
    text += line_of(pass);
    if (pass.predicted_us <= 0) continue;
    error.add(std::abs(pass.error()));
    bias.add(pass.error());
  }
  return text + mean_text(error, bias);
}

}  // namespace stagecraft
