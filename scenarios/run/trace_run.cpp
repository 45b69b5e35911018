#include "scenarios/run/trace_run.h"

#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "base/output_target.h"
#include "base/quantity.h"
#include "base/text.h"

namespace stagecraft {

namespace {

constexpr std::array kTraceMetrics{
    TraceMetricInfo{
        "span_s", "span", "s",
        "from the rank's first start to its last end; of a simulated step, from its start to its end",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.span; }},
    TraceMetricInfo{"compute_s", "compute", "s", "time in which at least one kernel or op computes",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.compute; }},
    TraceMetricInfo{
        "communication_s", "communication", "s",
        "time in which at least one kernel or copy communicates with other devices (`stagecraft trace` "
        "says which ones count); of a simulated step, a transfer from or to the rank is on the link, or "
        "an op holds it for a send or a reduction",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.communication; }},
    TraceMetricInfo{"overlap_s", "overlap", "s", "time in which the rank computes and communicates",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.overlap; }},
    TraceMetricInfo{"communication_hidden", "hidden", "ratio",
                    "overlap_s / communication_s: the share of communication that compute hides",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.hidden(); }},
    TraceMetricInfo{"exposed_s", "exposed", "s",
                    "communication_s - overlap_s: the rank communicates and does not compute",
                    [](const ActivityMetrics& rank) -> MetricValue { return rank.exposed; }},
    TraceMetricInfo{
        "copies_s", "copies", "s",
        "time in which the rank neither computes nor communicates, but copies from or to the host or "
        "within the device, or sets memory",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.copies; }},
    TraceMetricInfo{
        "idle_s", "idle", "s",
        "span_s - compute_s - exposed_s - copies_s; idle_by_cause_s adds up to it. Unlike idle_s of a "
        "run, it leaves out waiting for a transfer that is on the link: that is exposed_s",
        [](const ActivityMetrics& rank) -> MetricValue { return rank.idle; }},
};

/// Both kinds of trace are told apart by what they hold, so that a file is read once.
ChromeTrace read_any(const std::string& file) {
  std::vector<std::string_view> categories(own_trace_categories().begin(), own_trace_categories().end());
  categories.insert(categories.end(), profile_categories().begin(), profile_categories().end());
  // A simulated step may take years; profile_of() looks at the times of a profiler's trace.
  return read_chrome_trace(file, {.categories = categories,
                                  .args = own_trace_args(),
                                  .phases = kOwnTracePhases,
                                  .counter_args = true,
                                  .most_start = Duration::max(),
                                  .most_duration = Duration::max()});
}

void expect_different_files(const std::vector<std::string>& files) {
  std::vector<std::optional<FileId>> ids;
  for (const std::string& file : files) ids.push_back(file_id(file));
  for (std::size_t i = 0; i < files.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (files[i] == files[j] || (ids[i] && ids[i] == ids[j]))
        throw file_error(files[i],
                         fmt::format("is the same file as {}: it would count twice", in_quotes(files[j])),
                         {"give every trace once"});
}

void expect_different_ranks(const std::vector<std::string>& files, const std::vector<ChromeTrace>& traces) {
  for (std::size_t i = 0; i < traces.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (traces[i].rank >= 0 && traces[i].rank == traces[j].rank)
        throw file_error(files[i],
                         fmt::format("is of rank {}, as {} is: the rank would count twice", traces[i].rank,
                                     in_quotes(files[j])),
                         {"give one file per rank; 'distributedInfo' in it says of which one it is"});
}

TraceResult read_own(TraceResult result, const std::string& file, bool has_rule) {
  if (result.files.size() > 1)
    throw file_error(file, "is a trace that Stagecraft wrote, which has all ranks: give it alone");
  if (has_rule)
    throw file_error(file, "is a trace that Stagecraft wrote, which says itself what communicates",
                     {"'--comm' is for traces of a profiler"});
  const OwnTrace& own = result.own.emplace(own_trace_of(result.traces[0], file));
  result.trace = measured(activity_of(own.timeline, own.shown, own.transfers));
  return result;
}

}  // namespace

std::span<const TraceMetricInfo> trace_metrics() {
  return kTraceMetrics;
}

MeasuredRanks measured(std::vector<RankActivity> ranks) {
  MeasuredRanks result{.ranks = std::move(ranks), .metrics = {}, .mean = {}};
  for (const RankActivity& rank : result.ranks) result.metrics.push_back(metrics_of(rank));
  result.mean = mean_of(result.metrics);
  return result;
}

TraceResult read_traces(const std::vector<std::string>& files, const std::optional<CommunicationRule>& rule) {
  expect_different_files(files);
  TraceResult result;
  result.files = files;
  for (const std::string& file : files) {
    result.traces.push_back(read_any(file));
    if (is_own_trace(result.traces.back())) return read_own(std::move(result), file, rule.has_value());
  }
  expect_different_ranks(files, result.traces);
  result.profile = profile_of(result.traces, files, rule.value_or(CommunicationRule{}));
  result.trace = measured(std::move(result.profile.ranks));
  return result;
}

std::string cut_text(const TraceResult& result) {
  if (!result.own || !result.own->is_cut()) return {};
  const auto& [timeline, shown, transfers] = *result.own;
  std::string text;
  if (shown.from > TimePoint{0} || shown.to < timeline.makespan)
    text = fmt::format("{}..{} of {}", to_text(shown.from), to_text(shown.to), to_text(timeline.makespan));
  if (shown.last_rank - shown.first_rank + 1 == timeline.ranks()) return text;
  if (!text.empty()) text += ", ";
  if (shown.first_rank == shown.last_rank)
    return text + fmt::format("rank {} of {}", shown.first_rank, timeline.ranks());
  return text + fmt::format("ranks {}-{} of {}", shown.first_rank, shown.last_rank, timeline.ranks());
}

void simulate_beside(TraceResult& result, const ReadScenario& read) {
  if (const std::string cut = cut_text(result); !cut.empty())
    throw file_error(
        result.files[0],
        fmt::format("shows a part of a step ({}), whose numbers are not those of a whole one", cut),
        {"write it without '--trace-window' and '--trace-ranks' to compare it with a scenario"});
  result.run = run(read, {.bubbles = true, .transfers = true});
  result.simulated = measured(activity_of(result.run->timeline));
}

}  // namespace stagecraft
