#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "base/error.h"
#include "models/collective_table.h"

namespace stagecraft {

namespace {

constexpr std::array<std::string_view, 4> kOperations{"all_reduce", "all_gather", "reduce_scatter",
                                                      "all_to_all"};
constexpr std::array<std::string_view, 4> kColumns{"operation", "gpus", "bytes", "us"};

/// As others call it.
std::string_view own_name(std::string_view name) {
  if (name == "op") return "operation";
  return name == "alltoall" ? "all_to_all" : name;
}

/// Where each of our columns is in the file.
std::array<std::size_t, 4> columns_of(const CsvLines& lines) {
  const std::vector<std::string_view> header = lines.cells();
  std::array<std::size_t, 4> columns{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto found = std::ranges::find(header, kColumns[i], own_name);
    if (found == header.end())
      throw InputError(lines.place(),
                       fmt::format("collectives need the columns {}", fmt::join(kColumns, ",")));
    columns[i] = static_cast<std::size_t>(found - header.begin());
  }
  return columns;
}

std::string operation_of(const CsvLines& lines, std::string_view cell) {
  const std::string_view name = own_name(cell);
  if (std::ranges::find(kOperations, name) == kOperations.end())
    throw InputError(lines.place(cell),
                     fmt::format("'{}' is no collective: {}", cell, fmt::join(kOperations, ", ")));
  return std::string(name);
}

}  // namespace

CollectiveSection read_collectives(CsvLines& lines) {
  const std::size_t width = lines.cells().size();
  const std::array<std::size_t, 4> columns = columns_of(lines);
  CollectiveSection section;
  while (!lines.done() && lines.peek().find(',') != std::string_view::npos) {
    lines.next();
    const std::vector<std::string_view> cells = lines.cells();
    if (cells.size() != width)
      throw InputError(lines.place(), fmt::format("a row has {} cells, the header {}", cells.size(), width));
    section.rows.push_back({.operation = operation_of(lines, cells[columns[0]]),
                            .gpus = lines.positive(cells[columns[1]]),
                            .bytes = lines.positive(cells[columns[2]]),
                            .us = lines.positive(cells[columns[3]])});
  }
  if (section.rows.empty()) throw InputError(lines.place(), "there is no row of collectives");
  return section;
}

std::string to_text(const CollectiveSection& section) {
  std::vector<CollectiveRow> rows = section.rows;
  std::ranges::sort(rows, {},
                    [](const CollectiveRow& r) { return std::tuple(r.operation, r.gpus, r.bytes); });
  std::string text = fmt::format("{}\n", fmt::join(kColumns, ","));
  for (const CollectiveRow& row : rows)
    text += fmt::format("{},{},{},{:.4g}\n", row.operation, row.gpus, row.bytes, row.us);
  return text;
}

}  // namespace stagecraft
