#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>

#include "base/error.h"
#include "base/suggest.h"
#include "models/catalog.h"
#include "planners/registry.h"
#include "scenarios/cli/commands.h"
#include "scenarios/reader/reader.h"
#include "scenarios/run/report_keys.h"
#include "scenarios/run/trace_run.h"
#include "sim/schedule/registry.h"

namespace stagecraft {

namespace {

struct Entry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
};

template <class Registry>
std::vector<Entry> entries_of(const Registry& registry) {
  std::vector<Entry> entries;
  for (const auto& entry : registry) entries.push_back({entry.name, entry.summary, entry.source});
  return entries;
}

template <class Metrics>
std::vector<Entry> numbers_of(const Metrics& metrics) {
  std::vector<Entry> entries;
  for (const auto& metric : metrics) entries.push_back({metric.key, metric.help, metric.unit});
  return entries;
}

/// The causes that only traces have.
std::span<const IdleCauseInfo> trace_causes() {
  return idle_causes().subspan(kBubbleCauses);
}

/// One kind of thing that a scenario can name or a report can hold.
struct ListKind {
  std::string_view name;
  std::string_view key;  ///< where it is named
  std::vector<Entry> (*entries)();
};

const std::array kKinds{
    ListKind{"schedules", "pipeline.schedule", [] { return entries_of(schedules()); }},
    ListKind{"planners", "none: schedules that are planned name theirs",
             [] { return entries_of(planners()); }},
    ListKind{"cost-models", "costs.model",
             [] {
               return std::vector<Entry>{
                   {"uniform", "times are given in the scenario", ""},
                   {"roofline", "arithmetic, memory and launches of every operator on a device",
                    "Williams, Waterman and Patterson, CACM 52(4), 2009"},
                   {"profiled", "the same, with measured kernels where a table has them",
                    "Matheron, Economic Geology 58, 1963"}};
             }},
    ListKind{"models", "model.preset", [] { return entries_of(model_presets()); }},
    ListKind{"devices", "cluster.device.preset", [] { return entries_of(device_presets()); }},
    ListKind{"links", "cluster.intra.preset", [] { return entries_of(link_presets()); }},
    ListKind{"clusters", "cluster.preset", [] { return entries_of(cluster_presets()); }},
    ListKind{"metrics", "--json, metrics", [] { return numbers_of(run_metrics()); }},
    ListKind{"rank-metrics", "--json, ranks", [] { return numbers_of(rank_metrics()); }},
    ListKind{"idle-causes", "--json, idle_by_cause_s",
             [] {
               std::vector<Entry> entries;
               for (const BubbleCauseInfo& cause : bubble_causes())
                 entries.push_back({cause.key, cause.help, "s"});
               return entries;
             }},
    ListKind{"trace-metrics", "trace --json, metrics and ranks", [] { return numbers_of(trace_metrics()); }},
    ListKind{"trace-idle-causes", "trace --json, idle_by_cause_s, beside idle-causes",
             [] {
               std::vector<Entry> entries;
               for (const IdleCauseInfo& cause : trace_causes())
                 entries.push_back({cause.key, cause.help, "s"});
               return entries;
             }},
};

void print(const ListKind& kind, std::ostream& out, bool colour) {
  const std::vector<Entry> entries = kind.entries();
  std::size_t width = 0;
  for (const Entry& entry : entries) width = std::max(width, entry.name.size());
  out << fmt::format("{}{}{} ({})\n", colour ? "\x1b[1m" : "", kind.name, colour ? "\x1b[0m" : "", kind.key);
  for (const Entry& entry : entries) {
    out << fmt::format("  {:<{}}  {}", entry.name, width, entry.summary);
    if (!entry.source.empty()) out << fmt::format(" [{}]", entry.source);
    out << "\n";
  }
}

/// What a key of the JSON report means, a line for each place where it stands; empty where it is none.
std::string explained_number(std::string_view name) {
  std::string text;
  const auto add = [&](std::string_view key, const std::string& line) {
    if (key == name) text += line + "\n";
  };
  for (const MetricInfo& metric : run_metrics())
    add(metric.key, fmt::format("{} [{}]: {}", metric.key, metric.unit, metric.help));
  for (const RankMetricInfo& metric : rank_metrics())
    add(metric.key, fmt::format("{} of a rank [{}]: {}", metric.key, metric.unit, metric.help));
  for (const BubbleCauseInfo& cause : bubble_causes())
    add(cause.key, fmt::format("{} [s]: idle time {}", cause.key, cause.help));
  for (const TraceMetricInfo& metric : trace_metrics())
    add(metric.key, fmt::format("{} of a trace [{}]: {}", metric.key, metric.unit, metric.help));
  for (const IdleCauseInfo& cause : trace_causes())
    add(cause.key, fmt::format("{} [s]: idle time {}", cause.key, cause.help));
  for (const ReportKeyInfo& key : report_keys())
    add(key.key, fmt::format("{} in a report: {}", key.key, key.help));
  return text;
}

}  // namespace

std::vector<std::string_view> list_kinds() {
  std::vector<std::string_view> names;
  for (const ListKind& kind : kKinds) names.push_back(kind.name);
  return names;
}

Exit list_command(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.size() > 1) throw UsageError("list takes one kind at most");
  if (arguments.positional.empty()) {
    for (const ListKind& kind : kKinds) print(kind, streams.out, streams.colour);
    return Exit::Done;
  }
  const std::string& name = arguments.positional[0];
  for (const ListKind& kind : kKinds)
    if (kind.name == name) {
      print(kind, streams.out, streams.colour);
      return Exit::Done;
    }
  const std::vector<std::string_view> kinds = list_kinds();
  throw UsageError(fmt::format("nothing to list called '{}'{} (kinds: {})", name, did_you_mean(name, kinds),
                               fmt::join(kinds, ", ")));
}

std::vector<std::string> explainable() {
  std::set<std::string_view> numbers;
  for (const MetricInfo& metric : run_metrics()) numbers.insert(metric.key);
  for (const RankMetricInfo& metric : rank_metrics()) numbers.insert(metric.key);
  for (const BubbleCauseInfo& cause : bubble_causes()) numbers.insert(cause.key);
  for (const TraceMetricInfo& metric : trace_metrics()) numbers.insert(metric.key);
  for (const IdleCauseInfo& cause : trace_causes()) numbers.insert(cause.key);
  for (const ReportKeyInfo& key : report_keys()) numbers.insert(key.key);
  std::vector<std::string> names = scenario_keys();
  for (const std::string& key : names) numbers.erase(key);
  names.insert(names.end(), numbers.begin(), numbers.end());
  return names;
}

Exit explain_command(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.size() != 1) throw UsageError("explain takes one key or metric");
  const std::string& name = arguments.positional[0];
  std::string text = explained_number(name);
  try {
    text += explain_scenario_key(name);
  } catch (const InputError&) {  // no key of the scenario
  }
  const std::vector<std::string> known = explainable();
  if (text.empty())
    throw UsageError(
        fmt::format("no key or metric is called '{}'{}", name,
                    did_you_mean(name, std::vector<std::string_view>(known.begin(), known.end()))));
  streams.out << text;
  return Exit::Done;
}

Exit schema_command(const Arguments& arguments, Streams& streams) {
  if (!arguments.positional.empty()) throw UsageError("schema takes no argument");
  streams.out << scenario_schema();
  return Exit::Done;
}

}  // namespace stagecraft
