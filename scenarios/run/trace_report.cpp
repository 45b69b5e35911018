#include "scenarios/run/trace_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/quantity.h"
#include "base/text.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMostRanks = 16;
constexpr std::size_t kMostRanges = 8;

std::string percent(double ratio) {
  return fmt::format("{:.1f} %", 100 * ratio);
}

double share(Duration part, Duration whole) {
  return whole > Duration{0} ? to_seconds(part) / to_seconds(whole) : 0;
}

std::string files_text(const TraceResult& result) {
  if (result.files.size() == 1) return printable(result.files[0]);
  return fmt::format("{} and {} more", printable(result.files[0]),
                     counted(std::ssize(result.files) - 1, "trace"));
}

std::string headline(const TraceResult& result) {
  const auto ranks = std::ssize(result.trace.ranks);
  if (result.own)
    return fmt::format("{}: simulated, {}, {}", files_text(result), counted(ranks, "rank"),
                       counted(static_cast<std::int64_t>(result.own->timeline.ops.size()), "op"));
  const auto& works = result.trace.mean.works;
  const std::int64_t copies = works[static_cast<std::size_t>(WorkClass::Copy)];
  return fmt::format("{}: {}, {}", files_text(result), counted(ranks, "GPU"),
                     counted(works[0] + works[1], "kernel")) +
         (copies > 0
              ? fmt::format(", {} or memset{}", copies == 1 ? "1 copy" : fmt::format("{} copies", copies),
                            copies == 1 ? "" : "s")
              : "");
}

/// The causes of idle time as shares of the span, the largest first.
std::string causes_text(const ActivityMetrics& metrics) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < kIdleCauses; ++i)
    if (metrics.idle_by_cause[i] > Duration{0}) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return metrics.idle_by_cause[a] > metrics.idle_by_cause[b];
  });
  std::string text;
  for (const std::size_t i : order)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", idle_causes()[i].name,
                        percent(share(metrics.idle_by_cause[i], metrics.span)));
  return text;
}

std::string tally_text(const std::vector<NamedWork>& works, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(works.size(), most); ++i)
    text += fmt::format("{}{} {} x ({})", i > 0 ? ", " : "", printable(works[i].name), works[i].count,
                        to_text(works[i].time));
  if (works.size() > most) text += fmt::format(", {} more", works.size() - most);
  return text;
}

using Line = std::function<void(std::string_view, const std::string&)>;

void add_metrics(const TraceResult& result, const Line& line) {
  const ActivityMetrics& mean = result.trace.mean;
  const bool several = result.trace.ranks.size() > 1;
  const auto with = [](Duration time, const std::string& words) {
    return fmt::format("{:<14} {}", to_text(time), words);
  };
  const std::string cut = cut_text(result);
  if (!cut.empty()) line("Cut", fmt::format("the trace shows {}: all numbers are of this part", cut));
  line("Span", with(mean.span, std::string(!cut.empty() ? "of the part"
                                           : result.own ? "of the step"
                                                        : "from first start to last end") +
                                   (several ? ", here and below the mean over ranks" : "")));
  line("Compute", with(mean.compute, percent(share(mean.compute, mean.span)) + " of the span"));
  line("Comm.", with(mean.communication,
                     mean.communication > Duration{0}
                         ? fmt::format("{} ({}) of it hidden behind compute, {} exposed",
                                       to_text(mean.overlap), percent(mean.hidden()), to_text(mean.exposed))
                         : "none"));
  if (mean.copies > Duration{0}) line("Copies", with(mean.copies, "in which nothing else ran"));
  line("Idle", with(mean.idle, percent(share(mean.idle, mean.span)) + " of the span" +
                                   (mean.idle > Duration{0} ? ": " + causes_text(mean) : "")));
}

void add_profile(const TraceResult& result, const Line& line) {
  if (result.own) return;
  const auto& works = result.trace.mean.works;
  const auto communicate = works[static_cast<std::size_t>(WorkClass::Communication)];
  line("Kernels",
       fmt::format("{:<14} {}", fmt::format("{} compute", works[0]),
                   communicate > 0 ? fmt::format("{} communication, by name: {}", communicate,
                                                 tally_text(result.profile.communication, kMostRanges))
                                   : "none by whose name it communicates"));
  if (!result.profile.ranges.empty())
    line("Ranges", fmt::format("{:<14} {}", result.profile.ranges_on_host ? "on the host" : "on the GPU",
                               tally_text(result.profile.ranges, kMostRanges)));
}

void add_ranks(const TraceResult& result, std::string& text) {
  const MeasuredRanks& trace = result.trace;
  if (trace.ranks.size() < 2) return;
  std::size_t width = 4;
  for (const RankActivity& rank : trace.ranks) width = std::max(width, printable(rank.name).size());
  text += fmt::format("  {:<{}}  {:<10} {:<10} {:<10} {:<10} {:<10} {}\n", "", width, "span", "compute",
                      "comm.", "hidden", "exposed", "idle");
  for (std::size_t i = 0; i < std::min(trace.ranks.size(), kMostRanks); ++i) {
    const ActivityMetrics& rank = trace.metrics[i];
    text += fmt::format("  {:<{}}  {:<10} {:<10} {:<10} {:<10} {:<10} {}\n", printable(trace.ranks[i].name),
                        width, to_text(rank.span), to_text(rank.compute), to_text(rank.communication),
                        percent(rank.hidden()), to_text(rank.exposed), to_text(rank.idle));
  }
  if (trace.ranks.size() > kMostRanks)
    text += fmt::format("  {}; --json has all\n",
                        counted(static_cast<std::int64_t>(trace.ranks.size() - kMostRanks), "more rank"));
}

/// One line of the comparison.
std::string compared(std::string_view name, Duration trace, Duration simulated) {
  std::string difference = "none";
  if (trace != simulated)
    difference = trace > Duration{0} ? fmt::format("{:+.1f} %", 100 * (share(simulated, trace) - 1))
                                     : "only simulated";
  return fmt::format("  {:<17} {:<14} {:<14} {}\n", name, to_text(trace), to_text(simulated), difference);
}

void add_comparison(const TraceResult& result, std::string& text) {
  if (!result.simulated) return;
  const ActivityMetrics& trace = result.trace.mean;
  const ActivityMetrics& simulated = result.simulated->mean;
  text += fmt::format("Beside {}: {}, {}\n", printable(result.run->built.name),
                      printable(result.run->built.schedule_name),
                      counted(std::ssize(result.simulated->ranks), "rank"));
  text += fmt::format("  {:<17} {:<14} {:<14} {}\n", "mean over ranks", "trace", "simulated", "difference");
  for (const TraceMetricInfo& metric : trace_metrics()) {
    const MetricValue a = metric.get(trace), b = metric.get(simulated);
    if (a == b && b == MetricValue{Duration{0}}) continue;
    if (const auto* time = std::get_if<Duration>(&a))
      text += compared(metric.name, *time, std::get<Duration>(b));
    else
      text +=
          fmt::format("  {:<17} {:<14} {:<14} {:+.1f} points\n", metric.name, percent(std::get<double>(a)),
                      percent(std::get<double>(b)), 100 * (std::get<double>(b) - std::get<double>(a)));
  }
  for (std::size_t i = 0; i < kIdleCauses; ++i)
    if (trace.idle_by_cause[i] > Duration{0} || simulated.idle_by_cause[i] > Duration{0})
      text += compared(fmt::format("  {}", idle_causes()[i].name), trace.idle_by_cause[i],
                       simulated.idle_by_cause[i]);
}

}  // namespace

std::string console_report(const TraceResult& result, bool colour) {
  std::string text = (colour ? "\x1b[1m" : "") + headline(result) + (colour ? "\x1b[0m" : "") + "\n";
  const Line line = [&](std::string_view label, const std::string& content) {
    text += fmt::format("  {:<11}{}\n", label, content);
  };
  add_metrics(result, line);
  add_profile(result, line);
  add_ranks(result, text);
  add_comparison(result, text);
  return text;
}

}  // namespace stagecraft
