#include "profiles/measurements.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/error.h"
#include "base/packed_file.h"

namespace stagecraft {

namespace {

/// What tables of others call an axis.
bool same_axis(std::string_view axis, std::string_view column) {
  return column == axis || (axis == "sequence" && column == "seq");
}

/// Which column holds what; none: the table has no such column.
struct Columns {
  const KernelFamily* family = nullptr;
  std::array<std::size_t, kMostAxes> load{};
  std::array<std::size_t, kMostAxes> shape{};
  std::size_t us = 0;
};

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::size_t find(std::span<const std::string_view> header, std::string_view axis) {
  for (std::size_t i = 0; i < header.size(); ++i)
    if (same_axis(axis, header[i])) return i;
  return kNone;
}

bool fill(std::array<std::size_t, kMostAxes>& columns, std::span<const std::string_view> header,
          const std::array<std::string_view, kMostAxes>& axes, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    if ((columns[i] = find(header, axes[i])) == kNone) return false;
  return true;
}

Columns columns_of(std::span<const std::string_view> header, const Place& place) {
  Columns columns;
  columns.us = find(header, "us");
  for (const KernelFamily& family : kernel_families()) {
    columns.family = &family;
    if (columns.us != kNone && fill(columns.load, header, family.load_axes, family.loads()) &&
        fill(columns.shape, header, family.shape_axes, family.shapes()))
      return columns;
  }
  std::vector<std::string> hints;
  for (const KernelFamily& family : kernel_families())
    hints.push_back(fmt::format("{}: {},{},us", family.name,
                                fmt::join(std::span(family.load_axes).first(family.loads()), ","),
                                fmt::join(std::span(family.shape_axes).first(family.shapes()), ",")));
  throw InputError(place, "the columns are those of no family of kernels", hints);
}

KernelRow row_of(const CsvLines& lines, const Columns& columns, std::size_t expected) {
  const std::vector<std::string_view> cells = lines.cells();
  if (cells.size() != expected)
    throw InputError(lines.place(), fmt::format("a row has {} cells, the header {}", cells.size(), expected));
  KernelRow row{.point = {}, .us = lines.positive(cells[columns.us])};
  for (std::size_t i = 0; i < columns.family->loads(); ++i)
    row.point.load[i] = lines.positive(cells[columns.load[i]]);
  for (std::size_t i = 0; i < columns.family->shapes(); ++i)
    row.point.shape[i] = lines.positive(cells[columns.shape[i]]);
  return row;
}

KernelSection read_rows(const std::string& path) {
  CsvLines lines(std::make_shared<Origin>(Origin{.name = path, .text = read_packed_file(path)}));
  lines.next();
  const std::vector<std::string_view> header = lines.cells();
  const Columns columns = columns_of(header, lines.place());
  KernelSection section;
  section.family = columns.family;
  while (!lines.done())
    if (!lines.next().empty()) section.rows.push_back(row_of(lines, columns, header.size()));
  if (section.rows.empty()) throw file_error(path, "has no row of times");
  return section;
}

}  // namespace

KernelSection read_measurements(const std::string& path, const std::string& format, const Device& device) {
  KernelSection section = read_rows(path);
  section.format = format;
  const bool eight_bits = format == "fp8";
  section.element_bytes = eight_bits ? 1 : 2;
  section.flops_per_s = eight_bits ? device.fp8.per_second : device.half.per_second;
  if (section.flops_per_s <= 0) throw InputError(fmt::format("{} has no {} arithmetic", device.name, format));
  return section;
}

std::optional<CollectiveSection> read_measured_collectives(const std::string& path) {
  CsvLines lines(std::make_shared<Origin>(Origin{.name = path, .text = read_packed_file(path)}));
  if (lines.done()) return std::nullopt;
  lines.next();
  const std::vector<std::string_view> header = lines.cells();
  if (find(header, "gpus") == kNone || find(header, "bytes") == kNone) return std::nullopt;
  return read_collectives(lines);
}

}  // namespace stagecraft
