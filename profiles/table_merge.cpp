#include "profiles/table_merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "base/error.h"
#include "profiles/measured_table.h"
#include "profiles/spread.h"

namespace stagecraft {

namespace {

using Key = std::tuple<std::string, std::string, std::string, std::string>;  // family, format, point, cache

/// The rows of one point, file by file.
using Samples = std::map<std::size_t, std::vector<const MeasuredRow*>>;

void expect_one_device(std::span<const NamedRows> sources) {
  const auto device = [](const NamedRows& source) {
    const std::string preset = preset_of(source.raw.header.device);
    return preset.empty() ? source.raw.header.device : preset;
  };
  for (const NamedRows& source : sources)
    if (device(source) != device(sources[0]))
      throw file_error(source.name,
                       fmt::format("is of {}, {} of {}", source.raw.header.device, sources[0].name,
                                   sources[0].raw.header.device),
                       {"tables of two devices do not mix; `stagecraft profile diff` compares them"});
}

double median_of(const std::vector<const MeasuredRow*>& rows, double MeasuredRow::*number) {
  std::vector<double> values;
  for (const MeasuredRow* row : rows) values.push_back(row->*number);
  return quantile_of(std::move(values), 0.5);
}

std::vector<double> medians_of(const Samples& samples) {
  std::vector<double> medians;
  for (const auto& [file, rows] : samples) medians.push_back(median_of(rows, &MeasuredRow::median_us));
  return medians;
}

/// A time that was not recorded is no smallest time.
double or_median(const MeasuredRow& row, double MeasuredRow::*number) {
  return row.*number > 0 ? row.*number : row.median_us;
}

/// The row whose time is nearest to the merged one stands for what cannot be averaged, such as clocks.
const MeasuredRow& nearest(const std::vector<const MeasuredRow*>& rows, double us) {
  return **std::min_element(rows.begin(), rows.end(), [us](const MeasuredRow* a, const MeasuredRow* b) {
    return std::abs(a->median_us - us) < std::abs(b->median_us - us);
  });
}

MeasuredRow merged(const Samples& samples) {
  std::vector<const MeasuredRow*> all;
  for (const auto& [file, rows] : samples) all.insert(all.end(), rows.begin(), rows.end());
  const double median_us = quantile_of(medians_of(samples), 0.5);
  MeasuredRow row = nearest(all, median_us);
  if (all.size() == 1) return row;
  row.pass = 1;
  row.median_us = median_us;
  row.calls = row.discarded = 0;
  for (const MeasuredRow* other : all) {
    row.calls += other->calls;
    row.discarded += other->discarded;
    row.p10_us = std::min(or_median(row, &MeasuredRow::p10_us), or_median(*other, &MeasuredRow::p10_us));
    row.p90_us = std::max(or_median(row, &MeasuredRow::p90_us), or_median(*other, &MeasuredRow::p90_us));
    row.min_us = std::min(or_median(row, &MeasuredRow::min_us), or_median(*other, &MeasuredRow::min_us));
  }
  return row;
}

/// The distinct texts of one line of the headers.
std::string joined(std::span<const NamedRows> sources, std::string RowsHeader::*line) {
  std::vector<std::string> texts;
  for (const NamedRows& source : sources) {
    const std::string& text = source.raw.header.*line;
    if (!text.empty() && std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " | ") + text;
  return all;
}

/// "a.yaml (PyTorch trace t.json, 2026-11-24)".
std::string described(const NamedRows& source) {
  const RowsHeader& header = source.raw.header;
  const std::string who = header.source.empty() ? "stagecraft profile on " + header.device : header.source;
  return fmt::format("{} ({}{}{})", source.name, who, header.date.empty() ? "" : ", ", header.date);
}

RowsHeader header_of(std::span<const NamedRows> sources, const std::string& command) {
  RowsHeader header{.device = sources[0].raw.header.device,
                    .driver = joined(sources, &RowsHeader::driver),
                    .cuda = joined(sources, &RowsHeader::cuda),
                    .libraries = joined(sources, &RowsHeader::libraries),
                    .date = {},
                    .command = command,
                    .source = "merged from ",
                    .licence = joined(sources, &RowsHeader::licence)};
  for (const NamedRows& source : sources) {
    header.date = std::max(header.date, source.raw.header.date);
    header.source += (&source == sources.data() ? "" : " | ") + described(source);
  }
  return header;
}

/// Points of one family and format with the spread of each that several files have.
using Spreads = std::map<std::pair<std::string, std::string>, std::vector<std::pair<double, std::string>>>;

void note_spread(const Key& key, const Samples& samples, Spreads& spreads) {
  if (samples.size() < 2) return;
  const std::vector<double> medians = medians_of(samples);
  const auto [least, most] = std::minmax_element(medians.begin(), medians.end());
  spreads[{std::get<0>(key), std::get<1>(key)}].emplace_back((*most - *least) / quantile_of(medians, 0.5),
                                                             std::get<2>(key));
}

std::vector<MergeSpread> summed(const Spreads& spreads) {
  std::vector<MergeSpread> result;
  for (const auto& [family, points] : spreads) {
    std::vector<double> values;
    for (const auto& [value, point] : points) values.push_back(value);
    const auto worst =
        std::max_element(points.begin(), points.end(), [](auto& a, auto& b) { return a.first < b.first; });
    result.push_back(
        {family.first, family.second, points.size(), quantile_of(values, 0.5), worst->first, worst->second});
  }
  return result;
}

}  // namespace

MergedRows merge_rows(std::span<const NamedRows> sources, const std::string& command) {
  expect_one_device(sources);
  std::map<Key, Samples> points;
  for (std::size_t file = 0; file < sources.size(); ++file)
    for (const MeasuredRow& row : sources[file].raw.rows)
      if (row.suite != "sentinel" && row.median_us > 0)
        points[{row.family, row.format, row.point, row.cache}][file].push_back(&row);
  MergedRows result{.raw = {.header = header_of(sources, command), .rows = {}}, .spreads = {}};
  Spreads spreads;
  for (const auto& [key, samples] : points) {
    result.raw.rows.push_back(merged(samples));
    note_spread(key, samples, spreads);
  }
  std::stable_sort(result.raw.rows.begin(), result.raw.rows.end(),
                   [](const MeasuredRow& a, const MeasuredRow& b) { return a.suite < b.suite; });
  result.spreads = summed(spreads);
  return result;
}

std::string to_text(std::span<const MergeSpread> spreads) {
  std::string text;
  for (const MergeSpread& spread : spreads)
    text += fmt::format("{:<30} {:<5} {:>6} points  median spread {:.1f} %  worst {:.1f} % ({})\n",
                        spread.family, spread.format, spread.points, 100 * spread.median, 100 * spread.worst,
                        spread.worst_point);
  return text;
}

}  // namespace stagecraft
