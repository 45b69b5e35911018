#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/quantity.h"
#include "base/text.h"
#include "scenarios/run/report.h"

namespace stagecraft {

namespace {

std::string percent(double ratio) {
  return fmt::format("{:.1f} %", 100 * ratio);
}

std::string shape_text(const RunResult& run) {
  const ScheduleShape& shape = run.built.problem.shape;
  std::string text = counted(shape.ranks, "rank");
  if (shape.chunks > 1) text += fmt::format(" x {}", counted(shape.chunks, "chunk"));
  return text + ", " + counted(shape.microbatches, "micro-batch");
}

std::string_view costs_text(CostModelKind costs) {
  if (costs == CostModelKind::Uniform) return "given";
  return costs == CostModelKind::Roofline ? "roofline" : "profiled";
}

std::string headline(const RunResult& run) {
  std::string text =
      fmt::format("{}: {}, {}, {} costs", printable(run.built.name), printable(run.built.schedule_name),
                  shape_text(run), costs_text(run.built.cost_model));
  if (!run.built.training) return text;
  const Strategy& strategy = run.built.training->strategy;
  return text + fmt::format(", {} (tensor {} x pipeline {} x data {})", counted(strategy.devices(), "device"),
                            strategy.tensor, strategy.pipeline, strategy.data);
}

/// What is not compute, of all ranks' time: idle time by cause, the largest first, then communication.
std::string causes(const RunResult& run) {
  const std::array<double, kBubbleCauses> total = idle_seconds(run.metrics);
  std::array<std::size_t, kBubbleCauses> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return total[a] > total[b]; });
  const double whole = to_seconds(run.metrics.makespan) * static_cast<double>(run.metrics.ranks.size());
  std::string text;
  for (std::size_t i : order)
    if (total[i] > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", bubble_causes()[i].name,
                          percent(total[i] / whole));
  double communication = 0;
  for (const RankMetrics& rank : run.metrics.ranks) communication += to_seconds(rank.communication);
  if (communication > 0)
    text += fmt::format("{}communication {}", text.empty() ? "" : ", ", percent(communication / whole));
  return text.empty() ? "none" : text;
}

std::string memory_line(const RunResult& run) {
  const auto& ranks = run.metrics.ranks;
  const auto worst = std::max_element(
      ranks.begin(), ranks.end(),
      [](const RankMetrics& a, const RankMetrics& b) { return a.memory.peak_bytes < b.memory.peak_bytes; });
  std::string text =
      fmt::format("{:<14} peak, rank {}", to_text(Bytes{worst->memory.peak_bytes}), worst - ranks.begin());
  if (!run.built.training) return text;
  const Bytes limit = run.built.training->cluster.device.memory;
  text += fmt::format(" (device has {})", to_text(limit));
  if (worst->memory.peak_bytes > limit.count)
    text +=
        fmt::format(": does not fit, {} too much", to_text(Bytes{worst->memory.peak_bytes - limit.count}));
  return text;
}

std::optional<double> number(const RunResult& run, std::string_view key) {
  for (const MetricInfo& metric : run_metrics())
    if (metric.key == key)
      if (const auto value = metric.get(run)) return std::get<double>(*value);
  return std::nullopt;
}

std::string uncertainty_line(const Uncertainty& uncertainty) {
  return fmt::format("{} ... {}: 80 % of {} samples of what was measured", to_text(uncertainty.quantile(0.1)),
                     to_text(uncertainty.quantile(0.9)), uncertainty.samples());
}

std::string published_line(const PublishedSpec& published, const PipelineMetrics& metrics) {
  std::vector<std::string> parts;
  if (published.makespan) {
    const double ratio = to_seconds(metrics.makespan) / to_seconds(*published.makespan);
    parts.push_back(fmt::format("{} ({:+.1f} % simulated)", to_text(*published.makespan), 100 * (ratio - 1)));
  }
  const auto add_bubble = [&](std::string_view name, std::optional<double> stated, double simulated) {
    if (stated)
      parts.push_back(fmt::format("{} {:.2f} % ({:.2f} % simulated)", name, 100 * *stated, 100 * simulated));
  };
  add_bubble("bubble over makespan", published.bubble_over_makespan, metrics.bubble_over_makespan);
  add_bubble("bubble over span", published.bubble_over_span, metrics.bubble_over_span);
  return fmt::format("{}, {}", fmt::join(parts, ", "), printable(published.source));
}

}  // namespace

std::string console_report(const RunResult& run, bool colour) {
  const auto bold = [&](std::string text) { return colour ? "\x1b[1m" + text + "\x1b[0m" : text; };
  const PipelineMetrics& metrics = run.metrics;
  std::string text = bold(headline(run)) + "\n";
  const auto line = [&](std::string_view label, const std::string& content) {
    text += fmt::format("  {:<11}{}\n", label, content);
  };
  line("Step", fmt::format("{:<14} {} of it compute on the mean rank", to_text(metrics.makespan),
                           to_text(metrics.ideal)));
  line("Idle", fmt::format("{:<14} {}", percent(metrics.bubble_over_makespan), causes(run)));
  if (metrics.peak_memory_bytes > 0)
    line("Memory", memory_line(run));
  else
    line("Memory",
         fmt::format("{:<14} at most on one rank", counted(metrics.peak_activations, "activation")));
  if (const auto rate = number(run, "throughput_samples_per_s"))
    line("Throughput", fmt::format("{:<14} {:.1f} TFLOP/s per device, {} of its peak (model FLOPs)",
                                   fmt::format("{:.4g} samples/s", *rate),
                                   *number(run, "model_flops_per_device_per_s") * 1e-12,
                                   percent(*number(run, "model_flops_utilization"))));
  if (run.uncertainty) line("Uncertain", uncertainty_line(*run.uncertainty));
  if (run.built.published) line("Published", published_line(*run.built.published, metrics));
  if (const std::string& option = run.built.published_left_out; !option.empty())
    line("Published", fmt::format("left out: {} is not what was published", printable(option)));
  for (const std::string& note : run.built.notes) line("Note", note);
  return text;
}

SvgOptions svg_options(const RunResult& run) {
  return {.title = run.built.name,
          .subtitle = fmt::format("{}, {}", run.built.schedule_name, shape_text(run))};
}

}  // namespace stagecraft
