#include "models/kernel_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/csv.h"
#include "base/fields.h"
#include "models/catalog.h"
#include "models/measured_header.h"

namespace stagecraft {

namespace {

constexpr std::int64_t kVersion = 1;

/// The header's part of a section.
struct SectionSpec {
  std::string family;
  std::string format = "bf16";
  double latency_us = 0;
  double flops_share = 0;
  double bytes_share = 0;
  double deviation_scale = 0;
  double held_out_error = 0;
};

struct CollectivesSpec {
  double deviation = 0;
  double held_out_error = 0;
};

constexpr std::string_view kCollectivesTitle = "collectives";

struct TableSpec {
  std::int64_t stagecraft_table = 0;
  std::string device;
  std::string source;
  std::string licence;
  std::string driver;
  std::string date;
  std::string command;
  std::vector<SectionSpec> sections;
  std::optional<CollectivesSpec> collectives;
};

std::vector<std::string_view> family_names() {
  std::vector<std::string_view> names;
  for (const KernelFamily& family : kernel_families()) names.push_back(family.name);
  return names;
}

std::vector<std::string_view> format_names() {
  return {"bf16", "fp16", "fp8"};
}

}  // namespace

template <>
struct Fields<SectionSpec> {
  static constexpr std::string_view name = "section";
  static constexpr auto all = std::tuple{
      field("family", &SectionSpec::family, "kind of kernels").one_of(family_names).required(),
      field("format", &SectionSpec::format, "number format of the inputs").one_of(format_names),
      field("latency_us", &SectionSpec::latency_us, "the roofline's latency in microseconds")
          .positive()
          .required(),
      field("flops_share", &SectionSpec::flops_share,
            "share of the peak arithmetic that the roofline reaches")
          .positive()
          .max(1)
          .required(),
      field("bytes_share", &SectionSpec::bytes_share, "share of the peak bandwidth that the roofline reaches")
          .positive()
          .max(1)
          .required(),
      field("deviation_scale", &SectionSpec::deviation_scale,
            "relative standard deviation of a prediction far from all rows")
          .positive()
          .max(10)
          .required(),
      field("held_out_error", &SectionSpec::held_out_error,
            "mean relative error on shapes held out, each once, in five parts; 0: not measured")
          .min(0),
  };
};

template <>
struct Fields<CollectivesSpec> {
  static constexpr std::string_view name = "collectives";
  static constexpr auto all = std::tuple{
      field("deviation", &CollectivesSpec::deviation, "of the logarithm an octave from the nearest row")
          .positive()
          .max(10)
          .required(),
      field("held_out_error", &CollectivesSpec::held_out_error,
            "mean relative error of all-reduce rows left out one by one; 0: not measured")
          .min(0),
  };
};

template <>
struct Fields<TableSpec> {
  static constexpr std::string_view name = "kernel table";
  static constexpr auto all = std::tuple{
      field("stagecraft_table", &TableSpec::stagecraft_table, "version of the format")
          .min(1)
          .max(kVersion)
          .required(),
      measured::device<TableSpec>(),
      measured::source<TableSpec>(),
      measured::licence<TableSpec>(),
      field("driver", &TableSpec::driver, "versions of driver, CUDA and libraries"),
      measured::date<TableSpec>(),
      measured::command<TableSpec>(),
      field("sections", &TableSpec::sections, "one for each family and format"),
      field("collectives", &TableSpec::collectives, "collectives inside a node: the last block"),
  };
};

namespace {

using Load = std::array<double, kMostAxes>;
using Shape = std::array<double, kMostAxes>;

/// "batch=1 sequence=16".
std::string to_string(const Load& load, const KernelFamily& family) {
  std::string text;
  for (std::size_t axis = 0; axis < family.loads(); ++axis)
    text += fmt::format("{}{}={}", axis == 0 ? "" : " ", family.load_axes[axis], load[axis]);
  return text;
}

class Parser {
 public:
  Parser(std::string text, const std::string& name)
      : origin_(std::make_shared<Origin>(Origin{.name = name, .text = std::move(text)})) {}

  KernelTable run() {
    const std::size_t end = header_end();
    header_ = parse_yaml(origin_->text.substr(0, end), origin_->name);
    const auto spec = read<TableSpec>(*header_);
    KernelTable table{.device = spec.device,
                      .source = spec.source,
                      .licence = spec.licence,
                      .driver = spec.driver,
                      .date = spec.date,
                      .command = spec.command,
                      .sections = {},
                      .collectives = {}};
    const auto lines = static_cast<int>(
        std::count(origin_->text.begin(), origin_->text.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    CsvLines body(origin_, end, lines + 1);
    body.next();  // ---
    for (const SectionSpec& section : spec.sections)
      table.sections.push_back(section_of(section, spec, body));
    if (spec.collectives) table.collectives = collectives_of(*spec.collectives, body);
    if (table.sections.empty() && !table.collectives)
      throw error_at(*header_, "", "has neither sections nor collectives");
    while (!body.done())
      if (!body.next().empty()) throw InputError(body.place(), "the header has no section for this");
    return table;
  }

 private:
  /// Where the line "---" begins.
  std::size_t header_end() const {
    const std::string_view text = origin_->text;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t next = text.find('\n', at);
      const std::string_view line = text.substr(at, next == std::string_view::npos ? next : next - at);
      if (line == "---" || line == "---\r") return at;
      if (next == std::string_view::npos) break;
      at = next + 1;
    }
    throw file_error(origin_->name, "is no kernel table: no line '---' ends its header");
  }

  static KernelSection section_of(const SectionSpec& spec, const TableSpec& table, CsvLines& body) {
    KernelSection section{.family = find_kernel_family(spec.family),
                          .format = spec.format,
                          .element_bytes = spec.format == "fp8" ? 1.0 : 2.0,
                          .roofline = {spec.latency_us, spec.flops_share, spec.bytes_share},
                          .deviation_scale = spec.deviation_scale,
                          .held_out_error = spec.held_out_error,
                          .rows = {}};
    const Device& device = find_preset(device_presets(), table.device)->value;
    section.flops_per_s = spec.format == "fp8" ? device.fp8.per_second : device.half.per_second;
    const std::string title = fmt::format("{} {}", spec.family, spec.format);
    if (body.done() || body.next() != title)
      throw InputError(body.place(), fmt::format("here the section '{}' must begin", title));
    if (body.done()) throw InputError(body.place(), "the section ends before its columns");
    body.next();
    read_rows(section, loads_of(section, body), body);
    if (section.rows.empty())
      throw InputError(body.place(), fmt::format("the section '{}' has no times", title));
    return section;
  }

  static CollectiveSection collectives_of(const CollectivesSpec& spec, CsvLines& body) {
    if (body.done() || body.next() != kCollectivesTitle)
      throw InputError(body.place(), fmt::format("here the section '{}' must begin", kCollectivesTitle));
    if (body.done()) throw InputError(body.place(), "the section ends before its columns");
    body.next();
    CollectiveSection section = read_collectives(body);
    section.deviation = spec.deviation;
    section.held_out_error = spec.held_out_error;
    return section;
  }

  /// The loads of the columns, from the line at hand.
  static std::vector<Load> loads_of(const KernelSection& section, const CsvLines& body) {
    const KernelFamily& family = *section.family;
    const std::vector<std::string_view> cells = body.cells();
    for (std::size_t axis = 0; axis < family.shapes(); ++axis)
      if (axis >= cells.size() || cells[axis] != family.shape_axes[axis])
        throw InputError(body.place(),
                         fmt::format("column {} must be {}", axis + 1, family.shape_axes[axis]));
    std::vector<Load> loads;
    for (std::size_t i = family.shapes(); i < cells.size(); ++i)
      loads.push_back(load_of(family, cells[i], body));
    return loads;
  }

  static Load load_of(const KernelFamily& family, std::string_view cell, const CsvLines& body) {
    Load load{};
    std::string_view rest = cell;
    for (std::size_t axis = 0; axis < family.loads(); ++axis) {
      const std::string name = fmt::format("{}{}=", axis == 0 ? "" : " ", family.load_axes[axis]);
      if (!rest.starts_with(name))
        throw InputError(body.place(cell),
                         fmt::format("'{}' is no load; it should begin with '{}'", cell, name));
      rest.remove_prefix(name.size());
      const std::size_t end = rest.find(' ');
      load[axis] = body.positive(rest.substr(0, end));
      rest.remove_prefix(std::min(rest.size(), end));
    }
    if (!rest.empty()) throw InputError(body.place(rest), fmt::format("'{}' is too much", rest));
    return load;
  }

  static void read_rows(KernelSection& section, const std::vector<Load>& loads, CsvLines& body) {
    const std::size_t axes = section.family->shapes();
    while (!body.done() && body.peek().find(',') != std::string_view::npos) {
      body.next();
      const std::vector<std::string_view> cells = body.cells();
      if (cells.size() != axes + loads.size())
        throw InputError(body.place(),
                         fmt::format("a row has {} cells, its header {}", cells.size(), axes + loads.size()));
      Shape shape{};
      for (std::size_t axis = 0; axis < axes; ++axis) shape[axis] = body.positive(cells[axis]);
      for (std::size_t i = 0; i < loads.size(); ++i)
        if (!cells[axes + i].empty())
          section.rows.push_back({{loads[i], shape}, body.positive(cells[axes + i])});
    }
  }

  std::shared_ptr<const Origin> origin_;
  NodePtr header_;
};

/// Four digits: what a measurement is good for.
std::string time_text(double us) {
  return fmt::format("{:.4g}", us);
}

std::string body_of(const KernelSection& section) {
  const KernelFamily& family = *section.family;
  std::map<Load, std::size_t> columns;
  std::map<Shape, std::map<Load, double>> rows;
  for (const KernelRow& row : section.rows) {
    columns[row.point.load] = 0;
    rows[row.point.shape][row.point.load] = row.us;
  }
  std::string text = fmt::format("{} {}\n", family.name, section.format);
  for (std::size_t axis = 0; axis < family.shapes(); ++axis)
    text += fmt::format("{}{}", axis == 0 ? "" : ",", family.shape_axes[axis]);
  for (const auto& [load, unused] : columns) text += "," + to_string(load, family);
  for (const auto& [shape, times] : rows) {
    text += '\n';
    for (std::size_t axis = 0; axis < family.shapes(); ++axis)
      text += fmt::format("{}{}", axis == 0 ? "" : ",", shape[axis]);
    for (const auto& [load, unused] : columns) {
      const auto time = times.find(load);
      text += "," + (time == times.end() ? std::string() : time_text(time->second));
    }
  }
  return text + "\n";
}

}  // namespace

KernelTable parse_kernel_table(std::string text, const std::string& name) {
  return Parser(std::move(text), name).run();
}

std::string to_text(const KernelTable& table) {
  TableSpec spec{.stagecraft_table = kVersion,
                 .device = table.device,
                 .source = table.source,
                 .licence = table.licence,
                 .driver = table.driver,
                 .date = table.date,
                 .command = table.command,
                 .sections = {},
                 .collectives = {}};
  for (const KernelSection& section : table.sections)
    spec.sections.push_back({.family = std::string(section.family->name),
                             .format = section.format,
                             .latency_us = measured::rounded(section.roofline.latency_us),
                             .flops_share = measured::rounded(section.roofline.flops_share),
                             .bytes_share = measured::rounded(section.roofline.bytes_share),
                             .deviation_scale = measured::rounded(section.deviation_scale),
                             .held_out_error = measured::rounded(section.held_out_error)});
  if (table.collectives)
    spec.collectives = {measured::rounded(table.collectives->deviation),
                        measured::rounded(table.collectives->held_out_error)};
  std::string text = to_yaml(spec) + "---\n";
  for (const KernelSection& section : table.sections) text += body_of(section);
  if (table.collectives) text += fmt::format("{}\n{}", kCollectivesTitle, to_text(*table.collectives));
  return text;
}

}  // namespace stagecraft
