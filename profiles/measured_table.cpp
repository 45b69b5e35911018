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
#include "profiles/kernel_axes.h"
#include "profiles/pass_plan.h"

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

bool is_known_format(const std::string& format) {
  return format == "bf16" || format == "fp16" || format == "fp8";
}

using Sections = std::map<std::pair<std::string, std::string>, std::map<PointKey, Mean>>;

Sections sections_of(const std::vector<MeasuredRow>& rows) {
  Sections sections;
  for (const MeasuredRow& row : rows) {
    if (row.suite == "sentinel" || row.cache == "warm" || row.cache == kInPass || row.median_us <= 0 ||
        !is_known_format(row.format))
      continue;
    const auto found = family_point(row.family, axes_of(row.point));
    if (!found) continue;
    const PointKey key{found->point.load, found->point.shape};
    Mean& mean = sections[{std::string(found->family->name), row.format}][key];
    mean.sum_us += row.median_us;
    mean.rows += 1;
  }
  return sections;
}

KernelSection section_of(const std::string& family, const std::string& format, const Device& device,
                         const std::map<PointKey, Mean>& points) {
  KernelSection section = empty_section(*find_kernel_family(family), format, device);
  for (const auto& [key, mean] : points)
    section.rows.push_back({{key.first, key.second}, mean.sum_us / mean.rows});
  return fit(std::move(section), device);
}

/// Nobody must take times without a mask for those of a causal one.
std::string mask_note(const std::vector<MeasuredRow>& rows) {
  const auto has = [&](const char* family) {
    return std::any_of(rows.begin(), rows.end(),
                       [&](const MeasuredRow& row) { return row.family == family; });
  };
  return has("unmasked-attention") && !has("prefill-attention")
             ? "; attention of whole sequences without a mask only"
             : "";
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
  const std::string note = mask_note(rows.rows);
  const auto* preset = find_preset(device_presets(), name);
  if (!preset)
    throw InputError(
        fmt::format("no table: the catalog has no device for '{}'\n"
                    "      = its rows are kept; `stagecraft list devices` shows what is there",
                    rows.header.device));
  KernelTable table{.device = name,
                    .source = rows.header.source.empty()
                                  ? fmt::format("stagecraft profile on {}; {}{}", rows.header.device,
                                                rows.header.libraries, note)
                                  : rows.header.source + note,
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
