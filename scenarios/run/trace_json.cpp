#include "base/json.h"
#include "scenarios/run/trace_report.h"

namespace stagecraft {

namespace {

void write_metrics(JsonWriter& json, const ActivityMetrics& metrics) {
  for (const TraceMetricInfo& metric : trace_metrics()) {
    const MetricValue value = metric.get(metrics);
    json.key(metric.key);
    if (const auto* time = std::get_if<Duration>(&value))
      json.seconds(*time);
    else
      json.value(std::get<double>(value));
  }
  json.key("idle_by_cause_s").begin_object();
  for (std::size_t i = 0; i < kIdleCauses; ++i)
    json.key(idle_causes()[i].key).seconds(metrics.idle_by_cause[i]);
  json.end_object();
}

/// "metrics" and "ranks" of one side, whose first rank has the number `first`.
void write_side(JsonWriter& json, const MeasuredRanks& side, int first = 0) {
  json.key("metrics").begin_object();
  write_metrics(json, side.mean);
  json.end_object();
  json.key("ranks").begin_array();
  for (std::size_t rank = 0; rank < side.ranks.size(); ++rank) {
    json.begin_object().member("rank", first + static_cast<std::int64_t>(rank));
    json.member("name", side.ranks[rank].name);
    write_metrics(json, side.metrics[rank]);
    json.end_object();
  }
  json.end_array();
}

void write_tally(JsonWriter& json, std::string_view key, const std::vector<NamedWork>& works) {
  json.key(key).begin_array();
  for (const NamedWork& work : works) {
    json.begin_object().member("name", work.name).member("count", work.count);
    json.key("time_s").seconds(work.time).end_object();
  }
  json.end_array();
}

void write_simulated(JsonWriter& json, const TraceResult& result) {
  json.key("simulated").begin_object();
  json.member("scenario", result.run->built.name).member("schedule", result.run->built.schedule_name);
  write_side(json, *result.simulated);
  json.end_object();
}

/// What of its step a cut trace shows.
void write_cut(JsonWriter& json, const OwnTrace& own) {
  json.key("cut").begin_object();
  json.key("from_s").seconds(own.shown.from).key("to_s").seconds(own.shown.to);
  json.key("step_s").seconds(own.timeline.makespan);
  json.member("first_rank", own.shown.first_rank).member("last_rank", own.shown.last_rank);
  json.member("rank_count", own.timeline.ranks()).end_object();
}

}  // namespace

std::string json_report(const TraceResult& result, std::string_view version) {
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object().member("stagecraft", version).member("kind", "trace");
  json.key("files").begin_array();
  for (const std::string& file : result.files) json.value(file);
  json.end_array();
  json.member("written_by", result.own ? "stagecraft" : "profiler");
  if (result.own && result.own->is_cut()) write_cut(json, *result.own);
  write_side(json, result.trace, result.own ? result.own->shown.first_rank : 0);
  if (!result.own) {
    write_tally(json, "communication", result.profile.communication);
    write_tally(json, result.profile.ranges_on_host ? "host_ranges" : "ranges", result.profile.ranges);
  }
  if (result.simulated) write_simulated(json, result);
  json.end_object();
  json.finish();
  return text;
}

}  // namespace stagecraft
