#include "scenarios/cli/profile_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <ostream>

#include "base/error.h"
#include "profiles/measured_table.h"
#include "profiles/pass_check.h"
#include "profiles/summary.h"
#include "profiles/table_merge.h"
#include "profiles/trace_import.h"
#include "scenarios/cli/table_files.h"
#include "sim/report/roofline.h"
#include "sim/report/svg_text.h"

namespace stagecraft {

namespace {

/// The files behind the verb; throws where an option is given that is not the verb's.
std::vector<std::string> files_of(const Arguments& arguments,
                                  std::initializer_list<std::string_view> options) {
  const std::string& verb = arguments.positional[0];
  for (const auto& [name, values] : arguments.options)
    if (name != "color" && std::find(options.begin(), options.end(), name) == options.end())
      throw UsageError(fmt::format("`stagecraft profile {}` has no option '--{}'", verb, name));
  return {arguments.positional.begin() + 1, arguments.positional.end()};
}

std::string command_line(const Arguments& arguments) {
  std::string command = "stagecraft profile";
  for (const std::string& word : arguments.positional) command += " " + word;
  if (arguments.has("output")) command += " --output " + arguments.value("output");
  return command;
}

/// The suites' share of the GPU's time, the largest first.
std::string totals_text(const std::map<std::string, TracedTotal>& totals) {
  double all = 0;
  for (const auto& [suite, total] : totals) all += to_seconds(total.duration);
  std::vector<std::pair<std::string, TracedTotal>> sorted(totals.begin(), totals.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.duration > b.second.duration; });
  std::string text;
  for (const auto& [suite, total] : sorted)
    text +=
        fmt::format("  {:<12}{:>9} calls {:>11.3f} ms {:>7.1f} %{}\n", suite, total.calls,
                    1e3 * to_seconds(total.duration), all > 0 ? 100 * to_seconds(total.duration) / all : 0,
                    suite == "kernels" ? "   launched by no operator of the trace" : "");
  return text;
}

/// The formats that share a peak, in one roof: "bf16, fp16".
std::vector<RooflinePeak> peaks_of(const TableSummary& summary) {
  std::vector<RooflinePeak> peaks;
  for (const char* format : {"bf16", "fp16", "fp8", "fp32"}) {
    const double rate = peak_flops(*summary.peak, format);
    const bool used = std::any_of(summary.families.begin(), summary.families.end(), [&](auto& family) {
      return family.format == format && !family.points.empty();
    });
    if (!used || rate <= 0) continue;
    if (!peaks.empty() && peaks.back().flops_per_s == rate)
      peaks.back().name += fmt::format(", {}", format);
    else
      peaks.push_back({format, rate});
  }
  return peaks;
}

std::vector<RooflineSeries> series_of(const TableSummary& summary) {
  std::vector<RooflineSeries> series;
  for (const FamilySummary& family : summary.families) {
    if (family.points.empty()) continue;
    series.push_back({family.label(), {}});
    for (const WorkPoint& point : family.points)
      series.back().dots.push_back({point.intensity, point.flops_per_s});
  }
  return series;
}

/// As many series as there are colours: the largest, and the others in one.
void gather_small(std::vector<RooflineSeries>& series) {
  constexpr std::size_t kOwn = 6;
  if (series.size() <= kOwn) return;
  std::stable_sort(series.begin(), series.end(),
                   [](const auto& a, const auto& b) { return a.dots.size() > b.dots.size(); });
  RooflineSeries others{fmt::format("{} others", series.size() - kOwn), {}};
  for (std::size_t i = kOwn; i < series.size(); ++i)
    others.dots.insert(others.dots.end(), series[i].dots.begin(), series[i].dots.end());
  series.resize(kOwn);
  series.push_back(std::move(others));
}

RooflinePicture picture_of(const TableSummary& summary, const RawRows& rows) {
  RooflinePicture picture{.title = fmt::format("Roofline of {}", summary.device),
                          .series = series_of(summary)};
  if (picture.series.empty())
    throw InputError("no roofline: no row says how many FLOPs and bytes its kernel has");
  std::size_t dots = 0;
  for (const RooflineSeries& series : picture.series) dots += series.dots.size();
  gather_small(picture.series);
  if (summary.peak) {
    picture.bytes_per_s = summary.peak->bandwidth.per_second;
    picture.peaks = peaks_of(summary);
  }
  picture.subtitle = fmt::format("{} measured points{}{}", with_commas(dots),
                                 rows.header.source.empty() ? "" : "; ", rows.header.source);
  return picture;
}

void draw(const TableSummary& summary, const RawRows& rows, const std::string& path) {
  OutputFile file(path);
  ForwardingSink<OutputFile> sink(file);
  write_roofline(picture_of(summary, rows), sink);
  file.commit();
}

}  // namespace

Exit import_command(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string> traces = files_of(arguments, {"output"});
  if (traces.empty()) throw UsageError("`stagecraft profile import` takes traces of PyTorch's profiler");
  TableFiles files(arguments.value("output"), traces, "stagecraft profile import");
  const TracedRows rows = import_traces(traces, command_line(arguments));
  streams.out << fmt::format("{}: {} rows\n", rows.raw.header.device, rows.raw.rows.size())
              << totals_text(rows.totals);
  files.write(rows.raw);
  streams.out << fmt::format("Written {}\n", files.names());
  return Exit::Done;
}

Exit merge_command(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string> names = files_of(arguments, {"output"});
  if (names.size() < 2) throw UsageError("`stagecraft profile merge` takes two tables or more");
  TableFiles files(arguments.value("output"), names, "stagecraft profile merge");
  std::vector<NamedRows> sources;
  for (const std::string& name : names) sources.push_back({name, read_measured(name)});
  const MergedRows merged = merge_rows(sources, command_line(arguments));
  streams.out << fmt::format("{}: {} rows of {} files\n", merged.raw.header.device, merged.raw.rows.size(),
                             names.size());
  if (!merged.spreads.empty()) streams.out << "Points that several files have:\n" << to_text(merged.spreads);
  files.write(merged.raw);
  streams.out << fmt::format("Written {}\n", files.names());
  return Exit::Done;
}

Exit summary_command(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string> names = files_of(arguments, {"svg"});
  if (names.size() != 1) throw UsageError("`stagecraft profile summary` takes one table");
  if (arguments.has("svg")) expect_not_overwritten("svg", arguments.value("svg"), names);
  const RawRows rows = read_measured(names[0]);
  const TableSummary summary = summarize(rows);
  if (arguments.value("svg") != "-") streams.out << to_text(summary);
  if (!arguments.has("svg")) return Exit::Done;
  draw(summary, rows, arguments.value("svg"));
  if (arguments.value("svg") != "-") streams.out << fmt::format("Written {}\n", arguments.value("svg"));
  return Exit::Done;
}

Exit check_passes_command(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string> names = files_of(arguments, {});
  if (names.size() != 1) throw UsageError("`stagecraft profile check` takes one file of rows");
  const RawRows rows = read_measured(names[0]);
  streams.out << to_text(check_passes(rows));
  return Exit::Done;
}

}  // namespace stagecraft
