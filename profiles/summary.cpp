#include "profiles/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "models/catalog.h"
#include "models/kernel_family.h"
#include "profiles/kernel_axes.h"
#include "profiles/measured_table.h"
#include "profiles/spread.h"

namespace stagecraft {

namespace {

double element_bytes(const std::string& format) {
  return format == "fp8" ? 1 : format == "fp32" ? 4 : 2;
}

KernelWork work_of(const MeasuredRow& row, const Axes& axes) {
  if (row.flops > 0 || row.bytes > 0) return {row.flops, row.bytes};
  const KernelFamily* family = find_kernel_family(row.family);
  const auto point = family ? kernel_point(*family, axes) : std::nullopt;
  return point ? family->work(*point, element_bytes(row.format)) : KernelWork{};
}

/// Families whose bytes cross a link, not the device's memory.
bool uses_link(const MeasuredRow& row) {
  return row.suite == "collectives" || row.family.find("h2d") != std::string::npos ||
         row.family.find("d2h") != std::string::npos || row.family.find("p2p") != std::string::npos;
}

void widen(std::vector<AxisRange>& ranges, const Axes& axes) {
  for (const auto& [name, value] : axes) {
    const auto found = std::find_if(ranges.begin(), ranges.end(), [&, axis = &name](const AxisRange& range) {
      return range.name == *axis;
    });
    if (found == ranges.end()) {
      ranges.push_back({name, value, value});
      continue;
    }
    found->least = std::min(found->least, value);
    found->most = std::max(found->most, value);
  }
}

AchievedRate rate_of(const std::vector<double>& values, double peak) {
  if (values.empty()) return {};
  return {quantile_of(values, 0.5), *std::max_element(values.begin(), values.end()), peak};
}

FamilySummary summary_of(const std::vector<const MeasuredRow*>& rows, const Device* device) {
  FamilySummary summary{
      .family = rows[0]->family, .format = rows[0]->format, .cache = rows[0]->cache, .rows = rows.size()};
  std::vector<double> us, flops, bytes;
  for (const MeasuredRow* row : rows) {
    const Axes axes = axes_of(row->point);
    widen(summary.axes, axes);
    const KernelWork work = work_of(*row, axes);
    us.push_back(row->median_us);
    if (work.flops > 0) flops.push_back(work.flops / row->median_us * 1e6);
    if (work.bytes > 0) bytes.push_back(work.bytes / row->median_us * 1e6);
    if (work.flops > 0 && work.bytes > 0) summary.points.push_back({work.flops / work.bytes, flops.back()});
  }
  summary.median_us = quantile_of(us, 0.5);
  summary.flops = rate_of(flops, device ? peak_flops(*device, summary.format) : 0);
  summary.bytes = rate_of(bytes, device && !uses_link(*rows[0]) ? device->bandwidth.per_second : 0);
  return summary;
}

std::string rate_text(double per_second, double unit) {
  if (per_second <= 0) return "-";
  const double value = per_second / unit;
  return value >= 100 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value);
}

std::string share_text(const AchievedRate& rate) {
  return rate.best > 0 && rate.peak > 0 ? fmt::format("{:.1f} %", 100 * rate.best / rate.peak) : "-";
}

std::string axes_text(const std::vector<AxisRange>& axes) {
  std::string text;
  for (const AxisRange& axis : axes)
    text += axis.least == axis.most ? fmt::format(" {}={}", axis.name, axis.least)
                                    : fmt::format(" {}={}..{}", axis.name, axis.least, axis.most);
  return text.empty() ? text : "   " + text + "\n";
}

std::string peaks_text(const Device& device) {
  std::string text = fmt::format("{:.0f} GB/s", device.bandwidth.per_second / 1e9);
  for (const auto& [format, rate] : {std::pair{"bf16 and fp16", device.half}, std::pair{"fp8", device.fp8},
                                     std::pair{"fp32", device.single}})
    if (rate.per_second > 0) text += fmt::format(", {:.0f} TFLOP/s in {}", rate.per_second / 1e12, format);
  return text;
}

}  // namespace

double peak_flops(const Device& device, const std::string& format) {
  if (format == "bf16" || format == "fp16") return device.half.per_second;
  if (format == "fp8") return device.fp8.per_second;
  return format == "fp32" ? device.single.per_second : 0;
}

TableSummary summarize(const RawRows& rows) {
  TableSummary summary{.device = rows.header.device, .families = {}};
  if (const auto* preset = find_preset(device_presets(), preset_of(rows.header.device)))
    summary.peak = &preset->value;
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const MeasuredRow*>> families;
  for (const MeasuredRow& row : rows.rows)
    if (row.suite != "sentinel" && row.median_us > 0)
      families[{row.family, row.format, row.cache}].push_back(&row);
  for (const auto& [name, family] : families) summary.families.push_back(summary_of(family, summary.peak));
  return summary;
}

std::string to_text(const TableSummary& summary) {
  std::string text = summary.peak
                         ? fmt::format("{}: peaks of {}\n", summary.device, peaks_text(*summary.peak))
                         : fmt::format("{}: not in the catalog, so no peaks are known\n", summary.device);
  text += fmt::format("  {:<31} {:>6} {:>10} {:>27} {:>27}\n", "", "", "time", "TFLOP/s", "GB/s");
  text += fmt::format("  {:<31} {:>6} {:>10} {:>9}{:>9}{:>9} {:>9}{:>9}{:>9}\n", "", "rows", "median us",
                      "median", "best", "of peak", "median", "best", "of peak");
  bool beyond = false;
  for (const FamilySummary& family : summary.families) {
    text += fmt::format("  {:<31} {:>6} {:>10.4g} {:>9}{:>9}{:>9} {:>9}{:>9}{:>9}\n", family.label(),
                        family.rows, family.median_us, rate_text(family.flops.median, 1e12),
                        rate_text(family.flops.best, 1e12), share_text(family.flops),
                        rate_text(family.bytes.median, 1e9), rate_text(family.bytes.best, 1e9),
                        share_text(family.bytes));
    text += axes_text(family.axes);
    beyond = beyond || (family.bytes.peak > 0 && family.bytes.best > family.bytes.peak);
  }
  if (beyond)
    text += "  Above 100 %: inputs that fit into the device's cache need not come from its memory.\n";
  return text;
}

}  // namespace stagecraft
