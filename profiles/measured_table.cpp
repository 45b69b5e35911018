#include "profiles/measured_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "models/catalog.h"
#include "profiles/fit.h"

namespace stagecraft {

namespace {

struct NamedDevice {
  std::string_view part;  ///< of the driver's name
  std::string_view preset;
};

// The first that fits. PCIe and NVL cards have other clocks and memories: they are not these presets.
constexpr std::array kNamed = {
    NamedDevice{"H200 NVL", ""},
    NamedDevice{"H100 PCIe", ""},
    NamedDevice{"H100 NVL", ""},
    NamedDevice{"A100-PCIE", ""},
    NamedDevice{"A100 80GB PCIe", ""},
    NamedDevice{"H200", "h200"},
    NamedDevice{"H100", "h100"},
    NamedDevice{"A100-SXM4-80GB", "a100-80"},
    NamedDevice{"A100-SXM4-40GB", "a100-40"},
};

struct Mean {
  double sum_us = 0;
  double rows = 0;
};

using PointKey = std::pair<std::array<double, kMostAxes>, std::array<double, kMostAxes>>;

/// The values of a family's axes; false where the row has others.
template <class Names>
bool take(const Axes& axes, const Names& names, std::size_t count, std::array<double, kMostAxes>& values) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto found =
        std::find_if(axes.begin(), axes.end(), [&](auto& axis) { return axis.first == names[i]; });
    if (found == axes.end()) return false;
    values[i] = static_cast<double>(found->second);
  }
  return true;
}

bool is_known_format(const std::string& format) {
  return format == "bf16" || format == "fp16" || format == "fp8";
}

using Sections = std::map<std::pair<std::string, std::string>, std::map<PointKey, Mean>>;

Sections sections_of(const std::vector<MeasuredRow>& rows) {
  Sections sections;
  for (const MeasuredRow& row : rows) {
    const KernelFamily* family = find_kernel_family(row.family);
    if (!family || row.suite == "sentinel" || row.cache == "warm" || row.median_us <= 0 ||
        !is_known_format(row.format))
      continue;
    PointKey key;
    const Axes axes = axes_of(row.point);
    if (axes.size() != family->loads() + family->shapes() ||
        !take(axes, family->load_axes, family->loads(), key.first) ||
        !take(axes, family->shape_axes, family->shapes(), key.second))
      continue;
    Mean& mean = sections[{row.family, row.format}][key];
    mean.sum_us += row.median_us;
    mean.rows += 1;
  }
  return sections;
}

KernelSection section_of(const std::string& family, const std::string& format, const Device& device,
                         const std::map<PointKey, Mean>& points) {
  KernelSection section;
  section.family = find_kernel_family(family);
  section.format = format;
  section.element_bytes = format == "fp8" ? 1 : 2;
  section.flops_per_s = format == "fp8" ? device.fp8.per_second : device.half.per_second;
  for (const auto& [key, mean] : points)
    section.rows.push_back({{key.first, key.second}, mean.sum_us / mean.rows});
  return fit(std::move(section), device);
}

}  // namespace

std::string preset_of(const std::string& device) {
  if (find_preset(device_presets(), device)) return device;
  for (const NamedDevice& named : kNamed)
    if (device.find(named.part) != std::string::npos) return std::string(named.preset);
  return {};
}

KernelTable table_of(const RawRows& rows) {
  const std::string name = preset_of(rows.header.device);
  const auto* preset = find_preset(device_presets(), name);
  if (!preset)
    throw InputError(
        fmt::format("no table: the catalog has no device for '{}'\n"
                    "      = its rows are kept; `stagecraft list devices` shows what is there",
                    rows.header.device));
  KernelTable table{
      .device = name,
      .source = rows.header.source.empty()
                    ? fmt::format("stagecraft profile on {}; {}", rows.header.device, rows.header.libraries)
                    : rows.header.source,
      .licence = rows.header.licence,
      .driver = rows.header.driver.empty() || rows.header.cuda.empty()
                    ? rows.header.driver + rows.header.cuda
                    : fmt::format("{}; {}", rows.header.driver, rows.header.cuda),
      .date = rows.header.date,
      .command = rows.header.command,
      .sections = {}};
  for (const auto& [key, points] : sections_of(rows.rows))
    table.sections.push_back(section_of(key.first, key.second, preset->value, points));
  if (table.sections.empty())
    throw InputError("no table: no row is of a family that cost models know (gemm, decode-attention)");
  return table;
}

RawRows read_measured(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw file_error(path, "cannot be read");
  std::string text = (std::ostringstream() << in.rdbuf()).str();
  if (text.starts_with("# stagecraft_rows")) return parse_raw_rows(std::move(text), path);
  const KernelTable table = parse_kernel_table(std::move(text), path);
  return {.header = {.device = table.device,
                     .driver = table.driver,
                     .date = table.date,
                     .command = table.command,
                     .source = table.source,
                     .licence = table.licence},
          .rows = rows_of(table)};
}

std::vector<MeasuredRow> rows_of(const KernelTable& table) {
  std::vector<MeasuredRow> rows;
  for (const KernelSection& section : table.sections)
    for (const KernelRow& row : section.rows) {
      const KernelFamily& family = *section.family;
      Axes axes;
      for (std::size_t i = 0; i < family.loads(); ++i)
        axes.emplace_back(family.load_axes[i], static_cast<std::int64_t>(row.point.load[i]));
      for (std::size_t i = 0; i < family.shapes(); ++i)
        axes.emplace_back(family.shape_axes[i], static_cast<std::int64_t>(row.point.shape[i]));
      MeasuredRow measured;
      measured.suite = family.name == "gemm" ? "gemm" : "attention";
      measured.family = family.name;
      measured.format = section.format;
      measured.point = to_text(axes);
      measured.cache = "cold";
      measured.pass = 1;
      measured.median_us = row.us;
      rows.push_back(std::move(measured));
    }
  return rows;
}

}  // namespace stagecraft
