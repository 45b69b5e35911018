#include "profiles/raw_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "base/csv.h"
#include "base/error.h"

namespace stagecraft {

namespace {

constexpr std::string_view kVersionLine = "# stagecraft_rows: 1\n";

/// A column is a text or a number.
struct Column {
  std::string_view name;
  std::string MeasuredRow::*text = nullptr;
  double MeasuredRow::*number = nullptr;
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
};

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

MeasuredRow row_at(const CsvLines& lines) {
  const std::vector<std::string_view> cells = lines.cells();
  if (cells.size() != kColumns.size())
    throw InputError(lines.place(), fmt::format("a row has {} cells, not {}", cells.size(), kColumns.size()));
  MeasuredRow row;
  for (std::size_t i = 0; i < kColumns.size(); ++i) {
    if (kColumns[i].text)
      row.*kColumns[i].text = cells[i];
    else
      row.*kColumns[i].number = number_at(lines, cells[i]);
  }
  return row;
}

std::string column_names() {
  std::string line;
  for (const Column& column : kColumns) line += fmt::format("{}{}", line.empty() ? "" : ",", column.name);
  return line;
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
    line += column.text ? cell_text(row.*column.text) : fmt::format("{:.9g}", row.*column.number);
  }
  return line + "\n";
}

RawRows parse_raw_rows(std::string text, const std::string& name) {
  if (!text.starts_with(kVersionLine))
    throw file_error(name, "is no file of measured rows: it does not begin with '# stagecraft_rows: 1'");
  text.resize(text.rfind('\n') + 1);
  CsvLines lines(std::make_shared<Origin>(Origin{.name = name, .text = std::move(text)}));
  RawRows result;
  while (!lines.done() && lines.peek().starts_with('#')) read_header_line(lines.next(), result.header);
  if (lines.done()) return result;
  if (lines.next() != column_names())
    throw InputError(lines.place(), "the columns are not those of this version", {column_names()});
  while (!lines.done())
    if (!lines.next().empty()) result.rows.push_back(row_at(lines));
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
    rows_ = std::move(found.rows);
    std::filesystem::resize_file(path_, text.rfind('\n') + 1);
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
