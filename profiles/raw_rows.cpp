#include "profiles/raw_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "base/csv.h"
#include "base/error.h"
#include "base/output.h"

namespace stagecraft {

namespace {

constexpr std::string_view kVersionLine = "# stagecraft_rows: 1\n";

/// A column is a text, a number or a count that may be missing.
struct Column {
  std::string_view name;
  std::string MeasuredRow::*text = nullptr;
  double MeasuredRow::*number = nullptr;
  std::optional<double> MeasuredRow::*count = nullptr;
};

constexpr std::array kColumns = {
    Column{"suite", &MeasuredRow::suite},
    Column{"family", &MeasuredRow::family},
    Column{"format", &MeasuredRow::format},
    Column{"point", &MeasuredRow::point},
    Column{"cache", &MeasuredRow::cache},
    Column{"pass", nullptr, &MeasuredRow::pass},
    Column{"calls", nullptr, &MeasuredRow::calls},
    Column{"kernels_per_call", nullptr, &MeasuredRow::kernels_per_call},
    Column{"median_us", nullptr, &MeasuredRow::median_us},
    Column{"p10_us", nullptr, &MeasuredRow::p10_us},
    Column{"p90_us", nullptr, &MeasuredRow::p90_us},
    Column{"min_us", nullptr, &MeasuredRow::min_us},
    Column{"event_us", nullptr, &MeasuredRow::event_us},
    Column{"host_us", nullptr, &MeasuredRow::host_us},
    Column{"flops", nullptr, &MeasuredRow::flops},
    Column{"bytes", nullptr, &MeasuredRow::bytes},
    Column{"discarded_calls", nullptr, &MeasuredRow::discarded},
    Column{"sm_mhz", nullptr, &MeasuredRow::sm_mhz},
    Column{"memory_mhz", nullptr, &MeasuredRow::memory_mhz},
    Column{"power_w", nullptr, &MeasuredRow::power_w},
    Column{"temperature_c", nullptr, &MeasuredRow::temperature_c},
    Column{"throttle_reasons", nullptr, &MeasuredRow::throttle},
    Column{"algorithm", &MeasuredRow::algorithm},
    Column{"kernel", &MeasuredRow::kernel},
    Column{"flop_counted", nullptr, nullptr, &MeasuredRow::flop_counted},
    Column{"dram_read_bytes", nullptr, nullptr, &MeasuredRow::dram_read_bytes},
    Column{"dram_write_bytes", nullptr, nullptr, &MeasuredRow::dram_write_bytes},
    Column{"sm_clock_hz", nullptr, nullptr, &MeasuredRow::sm_clock_hz},
};

/// Those of files from before there were counters.
constexpr std::size_t kOldColumns = kColumns.size() - 4;

struct HeaderLine {
  std::string_view name;
  std::string RowsHeader::*text;
};

constexpr std::array kHeader = {
    HeaderLine{"device", &RowsHeader::device}, HeaderLine{"driver", &RowsHeader::driver},
    HeaderLine{"cuda", &RowsHeader::cuda},     HeaderLine{"libraries", &RowsHeader::libraries},
    HeaderLine{"date", &RowsHeader::date},     HeaderLine{"command", &RowsHeader::command},
    HeaderLine{"source", &RowsHeader::source}, HeaderLine{"licence", &RowsHeader::licence},
};

std::string line_text(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

/// A cell has no quotes, so it must not hold what ends cells and lines.
std::string cell_text(std::string text) {
  std::replace(text.begin(), text.end(), ',', ';');
  return line_text(std::move(text));
}

double number_at(const CsvLines& lines, std::string_view cell) {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error == std::errc{} && end == cell.data() + cell.size() && value >= 0) return value;
  throw InputError(lines.place(cell), fmt::format("'{}' is no number of 0 or more", cell));
}

void read_cell(const CsvLines& lines, const Column& column, std::string_view cell, MeasuredRow& row) {
  if (column.text)
    row.*column.text = cell;
  else if (column.number)
    row.*column.number = number_at(lines, cell);
  else if (!cell.empty())
    row.*column.count = number_at(lines, cell);
}

MeasuredRow row_at(const CsvLines& lines, std::size_t columns) {
  const std::vector<std::string_view> cells = lines.cells();
  if (cells.size() != columns)
    throw InputError(lines.place(), fmt::format("a row has {} cells, not {}", cells.size(), columns));
  MeasuredRow row;
  for (std::size_t i = 0; i < columns; ++i) read_cell(lines, kColumns[i], cells[i], row);
  return row;
}

std::string cell_of(const Column& column, const MeasuredRow& row) {
  if (column.text) return cell_text(row.*column.text);
  if (column.number) return fmt::format("{:.9g}", row.*column.number);
  const std::optional<double>& count = row.*column.count;
  return count ? fmt::format("{:.9g}", *count) : std::string();
}

std::string column_names(std::size_t columns = kColumns.size()) {
  std::string line;
  for (std::size_t i = 0; i < columns; ++i)
    line += fmt::format("{}{}", line.empty() ? "" : ",", kColumns[i].name);
  return line;
}

/// How many columns the file has whose line of names this is. Throws InputError.
std::size_t columns_of(const CsvLines& lines, std::string_view names) {
  for (const std::size_t columns : {kColumns.size(), kOldColumns})
    if (names == column_names(columns)) return columns;
  throw InputError(lines.place(), "the columns are not those of this version", {column_names()});
}

void read_header_line(std::string_view line, RowsHeader& header) {
  for (const HeaderLine& entry : kHeader) {
    const std::string start = fmt::format("# {}: ", entry.name);
    if (line.starts_with(start)) header.*entry.text = line.substr(start.size());
  }
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw file_error(path, "cannot be read");
  return (std::ostringstream() << in.rdbuf()).str();
}

}  // namespace

std::string to_text(const Axes& axes) {
  std::string text;
  for (const auto& [name, value] : axes) text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  return text;
}

Axes axes_of(const std::string& point) {
  Axes axes;
  std::istringstream words(point);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    std::int64_t value = 0;
    const char* end = word.data() + word.size();
    if (equals == std::string::npos || std::from_chars(word.data() + equals + 1, end, value).ptr != end)
      throw InputError(fmt::format("'{}' is no point such as m=16 n=4096 k=4096", point));
    axes.emplace_back(word.substr(0, equals), value);
  }
  return axes;
}

std::string key_of(const MeasuredRow& row) {
  return fmt::format("{},{},{},{},{}", row.suite, row.family, row.format, row.point, row.cache);
}

std::string to_text(const RowsHeader& header) {
  std::string text(kVersionLine);
  for (const HeaderLine& line : kHeader) {
    const bool optional = line.text == &RowsHeader::source || line.text == &RowsHeader::licence;
    if (!optional || !(header.*line.text).empty())
      text += fmt::format("# {}: {}\n", line.name, line_text(header.*line.text));
  }
  return text + column_names() + "\n";
}

std::string to_text(const MeasuredRow& row) {
  std::string line;
  for (const Column& column : kColumns) {
    if (&column != kColumns.data()) line += ',';
    line += cell_of(column, row);
  }
  return line + "\n";
}

std::string to_text(const RawRows& rows) {
  std::string text = to_text(rows.header);
  for (const MeasuredRow& row : rows.rows) text += to_text(row);
  return text;
}

void write_raw_rows(const std::string& path, const RawRows& rows) {
  OutputFile file(path);
  file.write(to_text(rows));
  file.commit();
}

RawRows parse_raw_rows(std::string text, const std::string& name) {
  if (!text.starts_with(kVersionLine))
    throw file_error(name, "is no file of measured rows: it does not begin with '# stagecraft_rows: 1'");
  text.resize(text.rfind('\n') + 1);
  CsvLines lines(std::make_shared<Origin>(Origin{.name = name, .text = std::move(text)}));
  RawRows result;
  while (!lines.done() && lines.peek().starts_with('#')) read_header_line(lines.next(), result.header);
  if (lines.done()) return result;
  const std::size_t columns = columns_of(lines, lines.next());
  while (!lines.done())
    if (!lines.next().empty()) result.rows.push_back(row_at(lines, columns));
  return result;
}

RawRows read_raw_rows(const std::string& path) {
  return parse_raw_rows(read_text(path), path);
}

bool is_raw_rows(const std::string& path) {
  std::string start(kVersionLine.size(), '\0');
  return std::ifstream(path, std::ios::binary)
             .read(start.data(), static_cast<std::streamsize>(start.size())) &&
         start == kVersionLine;
}

RowsFile::RowsFile(std::string path, const RowsHeader& header) : path_(std::move(path)) {
  std::error_code none;
  const bool is_new = std::filesystem::file_size(path_, none) == 0 || none;
  if (!is_new) {
    const std::string text = read_text(path_);
    RawRows found = parse_raw_rows(text, path_);
    if (found.header.device != header.device)
      throw file_error(path_,
                       fmt::format("holds rows of {}, this device is {}", found.header.device, header.device),
                       {"name another table, or remove the file"});
    if (text.find(column_names() + "\n") == std::string::npos)
      write_raw_rows(path_, found);
    else
      std::filesystem::resize_file(path_, text.rfind('\n') + 1);
    rows_ = std::move(found.rows);
  }
  out_.open(path_, std::ios::binary | std::ios::app);
  if (is_new) out_ << to_text(header);
  if (!out_.flush()) throw file_error(path_, "cannot be written");
}

void RowsFile::append(const MeasuredRow& row) {
  out_ << to_text(row);
  if (!out_.flush()) throw file_error(path_, "cannot be written: is the disk full?");
  rows_.push_back(row);
}

}  // namespace stagecraft
