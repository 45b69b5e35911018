#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <ostream>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/output.h"
#include "models/catalog.h"
#include "models/kernel_table.h"
#include "profiles/fit.h"
#include "profiles/measured_table.h"
#include "profiles/measurements.h"
#include "profiles/thin.h"
#include "scenarios/cli/commands.h"

namespace stagecraft {

namespace {

constexpr std::uint64_t kFolds = 5;

const Device& device_named(const std::string& name) {
  if (name.empty())
    throw UsageError("`stagecraft fit` needs '--device', the GPU that was measured, such as h200");
  const auto* preset = find_preset(device_presets(), name);
  if (!preset) throw UsageError(fmt::format("unknown device '{}'; see `stagecraft list devices`", name));
  return preset->value;
}

/// Named on the command line, or in the file's name.
std::string format_of(const std::string& file, const Arguments& arguments) {
  constexpr std::array<std::string_view, 3> kFormats{"bf16", "fp16", "fp8"};
  const std::string given = arguments.value("format");
  if (arguments.has("format") && std::ranges::find(kFormats, given) == kFormats.end())
    throw UsageError(fmt::format("option '--format' must be bf16, fp16 or fp8, got '{}'", given));
  for (const std::string_view format : kFormats)
    if (given == format || (given.empty() && file.find(format) != std::string::npos))
      return std::string(format);
  throw UsageError(fmt::format("which number format has '{}'? Say '--format bf16', fp16 or fp8", file));
}

/// A percentage with two digits.
std::string percent(double ratio) {
  return fmt::format("{:.2f} %", 100 * ratio);
}

/// How exactly the other loads must say what a load says for it to be left out; 0: keep all.
double tolerance(const Arguments& arguments) {
  if (!arguments.has("thin")) return 0;
  const std::string text = arguments.value("thin");
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  const std::string_view rest(end, text.data() + text.size());
  if (error != std::errc{} || (rest != "%" && rest != " %") || !(percent > 0) || percent > 100)
    throw UsageError(fmt::format("option '--thin' needs a percentage such as 1.5%, got '{}'", text));
  return percent / 100;
}

/// What the model says of shapes that it was not given: all parts in turn.
HeldOut held_out(const KernelSection& section, const Device& device) {
  HeldOut sum;
  for (std::uint64_t fold = 0; fold < kFolds; ++fold) {
    const KernelSection test = rows_in_fold(section, 0, kFolds, fold);
    const KernelSection training = rows_outside_fold(section, 0, kFolds, fold);
    if (test.rows.empty() || training.rows.empty()) continue;
    sum = merged(sum, evaluate(fit(training, device), test.rows, device));
  }
  return sum;
}

/// What a table of one family holds, or every family of a file of rows (`stagecraft profile`), fitted.
std::vector<KernelSection> fitted(const std::string& file, const Arguments& arguments, const Device& device) {
  if (!is_raw_rows(file)) return {fit(read_measurements(file, format_of(file, arguments), device), device)};
  KernelTable table = table_of(read_raw_rows(file));
  if (table.device != arguments.value("device"))
    throw file_error(file,
                     fmt::format("was measured on {}, not on {}", table.device, arguments.value("device")));
  return std::move(table.sections);
}

void report(const KernelSection& section, const HeldOut& error, std::ostream& out) {
  const KernelRoofline& roofline = section.roofline;
  out << fmt::format("{} {}: {} rows\n", section.family->name, section.format, section.rows.size())
      << fmt::format("  Roofline   {:.2f} us + {:.1f} % of peak arithmetic, {:.1f} % of peak bandwidth\n",
                     roofline.latency_us, 100 * roofline.flops_share, 100 * roofline.bytes_share);
  if (error.rows == 0) {
    out << "  Held out   nothing: too few shapes to leave one part of five out\n";
    return;
  }
  out << fmt::format(
             "  Held out   {} mean error, {} median, {} 90th percentile; every shape once, in {} parts\n",
             percent(error.mape), percent(error.median), percent(error.p90), kFolds)
      << fmt::format("  Intervals  {:.1f} % of held-out rows in the stated 80 %\n", 100 * error.coverage80);
}

/// Extrapolation: the largest fifth of the shapes from the others.
void report_largest(const KernelSection& section, const Device& device, std::ostream& out) {
  const SplitRows split = largest_shapes(section, 0.2);
  if (split.inside.rows.empty() || split.outside.rows.empty()) return;
  const HeldOut error = evaluate(fit(split.outside, device), split.inside.rows, device);
  out << fmt::format(
      "  Largest    {} mean error, {:.1f} % in the stated 80 %; the largest fifth of the shapes, {} rows\n",
      percent(error.mape), 100 * error.coverage80, error.rows);
}

void add_collectives(CollectiveSection section, double most, KernelTable& table, std::ostream& out) {
  if (!table.collectives) table.collectives.emplace();
  std::vector<CollectiveRow>& rows = table.collectives->rows;
  rows.insert(rows.end(), section.rows.begin(), section.rows.end());
  table.collectives = judged(std::move(*table.collectives));
  out << fmt::format("collectives: {} rows, deviation {:.1f} %\n", rows.size(),
                     100 * table.collectives->deviation);
  for (const char* operation : {"all_reduce", "all_gather", "reduce_scatter", "all_to_all"}) {
    const CollectiveErrors error = left_out_errors(*table.collectives, operation);
    if (error.rows > 0)
      out << fmt::format(
          "  {:<15}{} mean error of {} sizes left out one by one; {} mean error of the {} with neighbours "
          "within "
          "a factor of 2\n",
          operation, percent(error.mean), error.rows, percent(error.near_mean), error.near);
  }
  if (most <= 0) return;
  const double deviation = table.collectives->deviation;
  table.collectives = thinned(std::move(*table.collectives), most);
  table.collectives->deviation = std::max(deviation, most);
  out << fmt::format("  Thinned    to {} rows\n", table.collectives->rows.size());
}

/// Keeps fewer rows, and says what these make of those left out; the table states that error from then on.
void thin(KernelSection& section, const Device& device, double most, std::ostream& out) {
  const std::vector<KernelRow> all = section.rows;
  section = thinned(section, device, most);
  std::set<std::pair<std::array<double, kMostAxes>, std::array<double, kMostAxes>>> kept;
  for (const KernelRow& row : section.rows) kept.emplace(row.point.load, row.point.shape);
  std::vector<KernelRow> left_out;
  for (const KernelRow& row : all)
    if (!kept.contains({row.point.load, row.point.shape})) left_out.push_back(row);
  section = widened(std::move(section), left_out, device);
  const HeldOut error = evaluate(section, left_out, device);
  section.held_out_error = std::max(section.held_out_error, error.mape);
  out << fmt::format(
      "  Thinned    to {} rows: {} mean error on those left out, {:.1f} % of them in the stated 80 %\n",
      section.rows.size(), percent(error.mape), 100 * error.coverage80);
}

void add_kernels(const std::string& file, const Arguments& arguments, const Device& device,
                 KernelTable& table, std::ostream& out) {
  for (KernelSection& section : fitted(file, arguments, device)) {
    const HeldOut error = held_out(section, device);
    section.held_out_error = error.mape;
    report(section, error, out);
    report_largest(section, device, out);
    if (const double most = tolerance(arguments); most > 0) thin(section, device, most, out);
    table.sections.push_back(std::move(section));
  }
}

}  // namespace

Exit fit_command(const Arguments& arguments, Streams& streams) {
  if (arguments.has("steps")) return fit_steps(arguments, streams);
  for (const char* option : {"hold-out", "keep-constants"})
    if (arguments.has(option)) throw UsageError(fmt::format("option '--{}' is for '--steps'", option));
  if (arguments.positional.empty()) throw UsageError("`stagecraft fit` needs tables of measured kernels");
  for (const std::string& file : arguments.positional)
    if (arguments.has("output") && std::filesystem::exists(arguments.value("output")) &&
        std::filesystem::exists(file) && std::filesystem::equivalent(file, arguments.value("output")))
      throw UsageError(fmt::format("option '--output' would overwrite '{}', which is read", file));
  const Device& device = device_named(arguments.value("device"));
  KernelTable table{.device = arguments.value("device"),
                    .source = arguments.has("source") ? arguments.value("source") : arguments.positional[0],
                    .licence = arguments.value("licence"),
                    .command = "stagecraft fit",
                    .sections = {},
                    .collectives = {}};
  for (const std::string& file : arguments.positional) {
    if (auto collectives = read_measured_collectives(file))
      add_collectives(std::move(*collectives), tolerance(arguments), table, streams.out);
    else
      add_kernels(file, arguments, device, table, streams.out);
  }
  if (!arguments.has("output")) return Exit::Done;
  OutputFile output(arguments.value("output"));
  output.write(to_text(table));
  output.commit();
  streams.out << fmt::format("Written {}\n", arguments.value("output"));
  return Exit::Done;
}

}  // namespace stagecraft
