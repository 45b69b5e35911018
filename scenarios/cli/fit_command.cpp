#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>
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
                     roofline.latency_us, 100 * roofline.flops_share, 100 * roofline.bytes_share)
      << fmt::format(
             "  Held out   {} mean error, {} median, {} 90th percentile; every shape once, in {} parts\n",
             percent(error.mape), percent(error.median), percent(error.p90), kFolds)
      << fmt::format("  Intervals  {:.1f} % of held-out rows in the stated 80 %\n", 100 * error.coverage80);
}

}  // namespace

Exit fit_command(const Arguments& arguments, Streams& streams) {
  if (arguments.has("steps")) return fit_steps(arguments, streams);
  for (const char* option : {"hold-out", "keep-constants"})
    if (arguments.has(option)) throw UsageError(fmt::format("option '--{}' is for '--steps'", option));
  if (arguments.positional.empty()) throw UsageError("`stagecraft fit` needs tables of measured kernels");
  const Device& device = device_named(arguments.value("device"));
  KernelTable table{.device = arguments.value("device"),
                    .source = arguments.has("source") ? arguments.value("source") : arguments.positional[0],
                    .licence = arguments.value("licence"),
                    .command = "stagecraft fit",
                    .sections = {}};
  for (const std::string& file : arguments.positional)
    for (KernelSection& section : fitted(file, arguments, device)) {
      const HeldOut error = held_out(section, device);
      section.held_out_error = error.mape;
      report(section, error, streams.out);
      if (const double most = tolerance(arguments); most > 0) {
        section = thinned(section, device, most);
        streams.out << fmt::format("  Thinned    to {} rows\n", section.rows.size());
      }
      table.sections.push_back(std::move(section));
    }
  if (!arguments.has("output")) return Exit::Done;
  OutputFile output(arguments.value("output"));
  output.write(to_text(table));
  output.commit();
  streams.out << fmt::format("Written {}\n", arguments.value("output"));
  return Exit::Done;
}

}  // namespace stagecraft
