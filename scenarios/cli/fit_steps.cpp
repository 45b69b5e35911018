#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>

#include "base/output.h"
#include "base/output_target.h"
#include "base/quantity.h"
#include "models/catalog.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/progress.h"
#include "scenarios/run/calibrate.h"
#include "scenarios/run/files.h"

namespace stagecraft {

namespace {

struct Split {
  std::vector<MeasuredStep> fitted;
  std::vector<MeasuredStep> pipelined;
  std::vector<MeasuredStep> held_out;
};

/// "parallel.tensor=8": as MeasuredStep::settings have it; empty: none.
std::string hold_out(const Arguments& arguments) {
  const std::string text = arguments.value("hold-out");
  if (arguments.has("hold-out") && text.find('=') == std::string::npos)
    throw UsageError(
        fmt::format("option '--hold-out' needs KEY=VALUE, such as parallel.tensor=8, got '{}'", text));
  return text;
}

bool has_setting(const MeasuredStep& step, const std::string& setting) {
  return std::ranges::find(step.settings, setting) != step.settings.end();
}

Split split(const std::vector<MeasuredStep>& steps, const std::string& held_out) {
  Split parts;
  for (const MeasuredStep& step : steps) {
    auto& part = has_setting(step, held_out) ? parts.held_out
                 : step.pipeline() == 1      ? parts.fitted
                                             : parts.pipelined;
    part.push_back(step);
  }
  return parts;
}

void report_errors(std::string_view what, const std::vector<MeasuredStep>& steps,
                   const Calibration& calibration, std::ostream& out) {
  if (steps.empty()) return;
  std::vector<double> measured;
  for (const MeasuredStep& step : steps) measured.push_back(step.seconds);
  const StepErrors e = errors_of(simulated_seconds(steps, calibration), measured);
  out << fmt::format(
      "  {:<14}{} steps: {:.2f} % mean error, {:.2f} % median, {:.1f} % 90th percentile, {:.1f} % worst, "
      "{:+.2f} % bias\n",
      what, e.steps, 100 * e.mean, 100 * e.median, 100 * e.p90, 100 * e.worst, 100 * e.bias);
}

void report_choice(const std::vector<MeasuredStep>& steps, const Calibration& calibration,
                   std::ostream& out) {
  const ChoiceQuality c = choice_quality(steps, simulated_seconds(steps, calibration));
  if (c.groups == 0) return;
  out << fmt::format(
      "  {:<14}{} jobs with several strategies: fastest picked in {:.1f} %, within 3 % of it in {:.1f} %; "
      "regret {:.2f} % mean, {:.1f} % worst; {:.1f} % of pairs in order\n",
      "Choice", c.groups, 100 * c.fastest_picked, 100 * c.within_3_percent, 100 * c.mean_regret,
      100 * c.worst_regret, 100 * c.ordered_pairs);
}

void report(const CalibrationFit& fit, const Split& parts, const std::vector<MeasuredStep>& all,
            const std::string& held_out, std::ostream& out) {
  const Calibration& c = fit.calibration;
  out << fmt::format("{} steps, {} layer shapes fitted\n", all.size(), c.layers.size())
      << fmt::format(
             "  {:<14}attention_efficiency {:.3f}, host_launch {}, rank_spread {}, "
             "collectives.intra_efficiency {:.3f}\n",
             "Constants", c.roofline.attention_efficiency, to_text(c.roofline.host_launch),
             to_text(c.roofline.rank_spread), c.roofline.collectives.intra_efficiency);
  for (const std::string& bound : fit.at_bounds) out << fmt::format("  {:<14}{}\n", "At a bound", bound);
  report_errors("Fitted", parts.fitted, c, out);
  report_errors("Pipelined", parts.pipelined, c, out);
  if (!held_out.empty()) report_errors("Held out", parts.held_out, c, out);
  if (c.held_out_error > 0)
    out << fmt::format(
        "  {:<14}one after another left out: {:.2f} % mean error, {:.0f} % of factors in the stated 80 %\n",
        "Shapes", 100 * c.held_out_error, 100 * fit.shape_coverage80);
  report_choice(all, c, out);
}

std::string device_name(const Device& device, const std::string& scenario) {
  for (const auto& preset : device_presets())
    if (preset.value == device) return std::string(preset.name);
  throw file_error(scenario, fmt::format("a calibration is of a device as `stagecraft list devices` has it; "
                                         "this scenario's {} differs",
                                         device.name));
}

void refuse_options_of_tables(const Arguments& arguments) {
  for (const char* option : {"device", "format", "thin"})
    if (arguments.has(option))
      throw UsageError(fmt::format("option '--{}' is for tables of kernels, not for '--steps'", option));
}

/// Opened before the fit, which takes a while. Refuses to overwrite what the fit reads.
std::optional<OutputFile> output_file(const Arguments& arguments, const MeasuredStep& step) {
  if (!arguments.has("output")) return std::nullopt;
  const std::string& path = arguments.value("output");
  std::vector<std::string> inputs{arguments.value("steps")};
  for (const ScenarioFile& file : scenario_files(read_scenario(arguments.positional[0], step.settings)))
    inputs.push_back(file.path);
  const auto id = file_id(path);
  for (const std::string& input : inputs)
    if (id && id == file_id(input))
      throw UsageError(fmt::format("option '--output' would overwrite '{}', which the fit reads", input));
  return OutputFile(path);
}

CalibrationFit fitted(const Split& parts, const Arguments& arguments) {
  Progress progress("fitting");  // its line is gone before the report begins
  const FitConstants constants = arguments.has("keep-constants") ? FitConstants::Keep : FitConstants::Yes;
  return calibrate(parts.fitted, parts.fitted[0].built.roofline, constants,
                   [&](double share) { progress.at(share); });
}

}  // namespace

Exit fit_steps(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.size() != 1)
    throw UsageError("`stagecraft fit --steps` takes one scenario, in which each step's keys are set");
  refuse_options_of_tables(arguments);
  const std::string held_out = hold_out(arguments);
  const std::string& scenario = arguments.positional[0];
  const std::vector<MeasuredStep> steps = read_steps(arguments.value("steps"), scenario);
  const Split parts = split(steps, held_out);
  if (!held_out.empty() && parts.held_out.empty())
    throw UsageError(fmt::format("option '--hold-out': no step has '{}'", held_out));
  if (parts.fitted.empty())
    throw file_error(arguments.value("steps"),
                     fmt::format("has no step without a pipeline to fit to{}",
                                 held_out.empty() ? "" : ", but those that are held out"));
  const std::string device = device_name(steps[0].built.training->cluster.device, scenario);
  std::optional<OutputFile> output = output_file(arguments, steps[0]);
  CalibrationFit fit = fitted(parts, arguments);
  fit.calibration.device = device;
  fit.calibration.source = arguments.has("source") ? arguments.value("source") : arguments.value("steps");
  fit.calibration.licence = arguments.value("licence");
  fit.calibration.command = "stagecraft fit --steps";
  report(fit, parts, steps, held_out, streams.out);
  if (!output) return Exit::Done;
  output->write(to_text(fit.calibration));
  output->commit();
  streams.out << fmt::format("Written {}\n", arguments.value("output"));
  return Exit::Done;
}

}  // namespace stagecraft
