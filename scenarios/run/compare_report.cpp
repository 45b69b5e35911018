#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/quantity.h"
#include "base/text.h"
#include "scenarios/run/compare.h"
#include "scenarios/run/compare_tradeoff.h"
#include "scenarios/run/report.h"

namespace stagecraft {

namespace {

/// Fewer say nothing of a share of 95 %.
constexpr std::int64_t kFewSamples = 20;

std::string percent(double ratio) {
  return fmt::format("{:.1f} %", 100 * ratio);
}

std::string behind(const Compared& run, const Compared& first) {
  if (&run == &first || first.metrics.makespan <= Duration{0}) return "";
  return fmt::format("{:+.1f} %", 100 * (run.seconds_per_sample() / first.seconds_per_sample() - 1));
}

std::string memory(const Compared& run) {
  if (run.metrics.peak_memory_bytes > 0) return to_text(Bytes{run.metrics.peak_memory_bytes});
  return fmt::format("{:.4g} act.", memory_of(run));
}

std::string band(const Compared& run) {
  if (!run.uncertainty) return "";
  return fmt::format("{} ... {}", to_text(run.uncertainty->quantile(0.1)),
                     to_text(run.uncertainty->quantile(0.9)));
}

/// Of the column of names.
std::size_t width(const Comparison& comparison) {
  std::size_t most = 26;
  for (const Compared& run : comparison.runs) most = std::max(most, run.name.size());
  return most + 2;
}

std::string without_blank_end(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

/// A column that is there only where steps differ in their samples; empty otherwise.
std::string throughput(const Comparison& comparison, const Compared& run) {
  if (!comparison.unlike_batches()) return "";
  return fmt::format("{:<12}", fmt::format("{:.4g}", run.samples_per_second()));
}

std::string throughput_title(const Comparison& comparison) {
  if (!comparison.unlike_batches()) return "";
  return fmt::format("{:<12}", comparison.runs[0].model ? "samples/s" : "micro-b./s");
}

std::string row(const Comparison& comparison, const Compared& run, bool on_front, std::size_t width) {
  return without_blank_end(fmt::format(
      "{} {:<{}}{:<12}{}{:<10}{:<10}{:<12}{}{}", on_front ? "*" : " ", run.name, width,
      to_text(run.metrics.makespan), throughput(comparison, run), behind(run, comparison.runs[0]),
      percent(run.metrics.bubble_over_makespan), memory(run), band(run), run.fits() ? "" : "  does not fit"));
}

std::string verdict(const Compared& a, const Compared& b) {
  if (std::ranges::all_of(faster(a, b), [](double share) { return share == 0.5; }))
    return fmt::format("  {} and {} take the same time in every sample\n", a.name, b.name);
  const double share = faster_in(a, b);
  const auto samples = static_cast<double>(a.uncertainty->samples());
  const bool settled = share >= kSettled || share <= 1 - kSettled;
  if (a.uncertainty->samples() < kFewSamples)
    return fmt::format("  {} is faster than {} in {:.0f} of {} samples: too few to settle an order\n", a.name,
                       b.name, share * samples, a.uncertainty->samples());
  return fmt::format("  {} is faster than {} in {:.0f} of {} samples of the measured costs: {}\n", a.name,
                     b.name, share * samples, a.uncertainty->samples(),
                     settled ? "settled" : "not settled by what was measured");
}

/// Each schedule against the next: an order is a chain of these.
std::string verdicts(const Comparison& comparison) {
  std::string text;
  for (std::size_t i = 0; i + 1 < comparison.simulated(); ++i)
    if (comparison.runs[i].uncertainty) text += verdict(comparison.runs[i], comparison.runs[i + 1]);
  return text;
}

void write_run(JsonWriter& json, const Comparison& comparison, std::size_t index, bool on_front) {
  const Compared& run = comparison.runs[index];
  json.begin_object();
  json.member("schedule", run.name);
  if (!run.left_out.empty()) {
    json.member("left_out", run.left_out);
    json.end_object();
    return;
  }
  json.key("makespan_s").seconds(run.metrics.makespan);
  json.member("samples", run.samples);
  if (run.metrics.makespan > Duration{0}) json.member("samples_per_s", run.samples_per_second());
  json.member("bubble_over_makespan", run.metrics.bubble_over_makespan);
  json.member("fits", run.fits());
  json.member("on_front", on_front);
  json.member("devices", run.devices);
  json.member("peak_memory_bytes", run.metrics.peak_memory_bytes);
  json.member("peak_activations", run.metrics.peak_activations);
  if (run.uncertainty) {
    write_uncertainty(json, *run.uncertainty);
    if (index + 1 < comparison.simulated())
      json.member("faster_than_next", faster_in(run, comparison.runs[index + 1]));
  }
  json.end_object();
}

}  // namespace

std::string console_report(const Comparison& comparison, bool colour) {
  const auto bold = [&](const std::string& text) { return colour ? "\x1b[1m" + text + "\x1b[0m" : text; };
  const bool bands = comparison.runs[0].uncertainty.has_value();
  const std::size_t count = comparison.simulated(), names = width(comparison);
  std::string text =
      bold(fmt::format("{}: {} schedule{}", printable(comparison.scenario), count, count == 1 ? "" : "s"));
  text += without_blank_end(fmt::format("\n  {:<{}}{:<12}{}{:<10}{:<10}{:<12}{}", "schedule", names, "step",
                                        throughput_title(comparison), "behind", "idle", "memory",
                                        bands ? "80 % of samples" : ""));
  const std::vector<bool> front = pareto(comparison);
  for (std::size_t i = 0; i < comparison.runs.size(); ++i) {
    const Compared& run = comparison.runs[i];
    text += run.left_out.empty()
                ? row(comparison, run, front[i] && count > 1, names)
                : fmt::format("  {:<{}}left out: {}\n", run.name, names, printable(run.left_out));
  }
  if (count > 1) text += "  * no other schedule is as fast in less memory\n";
  for (const std::string& sentence : in_words(comparison)) text += "  " + sentence + "\n";
  text += verdicts(comparison);
  for (const std::string& note : comparison.notes) text += fmt::format("  Note: {}\n", printable(note));
  return text;
}

std::string json_report(const Comparison& comparison, std::string_view version) {
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object();
  json.member("stagecraft", version);
  json.member("scenario", comparison.scenario);
  json.member("kind", "comparison");
  json.key("runs").begin_array();
  const std::vector<bool> front = pareto(comparison);
  for (std::size_t i = 0; i < comparison.runs.size(); ++i) write_run(json, comparison, i, front[i]);
  json.end_array();
  if (!comparison.notes.empty()) write_notes(json, comparison.notes);
  json.end_object();
  json.finish();
  return text;
}

}  // namespace stagecraft
