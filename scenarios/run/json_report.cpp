#include "base/json.h"
#include "scenarios/run/report.h"
#include "scenarios/run/report_keys.h"

namespace stagecraft {

namespace {

void write_value(JsonWriter& json, const MetricValue& value) {
  if (const auto* time = std::get_if<Duration>(&value))
    json.seconds(*time);
  else if (const auto* count = std::get_if<std::int64_t>(&value))
    json.value(*count);
  else
    json.value(std::get<double>(value));
}

void write_metrics(JsonWriter& json, const RunResult& run) {
  json.key("metrics").begin_object();
  for (const MetricInfo& metric : run_metrics()) {
    const auto value = metric.get(run);
    if (!value) continue;
    json.key(metric.key);
    write_value(json, *value);
  }
  json.end_object();
}

void write_rank(JsonWriter& json, std::size_t index, const RankMetrics& rank) {
  json.begin_object();
  json.member("rank", static_cast<std::int64_t>(index));
  for (const RankMetricInfo& metric : rank_metrics()) {
    json.key(metric.key);
    write_value(json, metric.get(rank));
  }
  json.key("idle_by_cause_s").begin_object();
  for (const BubbleCauseInfo& cause : bubble_causes())
    json.key(cause.key).seconds(rank.idle_by_cause[static_cast<std::size_t>(cause.cause)]);
  json.end_object();
  json.end_object();
}

void write_published(JsonWriter& json, const PublishedSpec& published) {
  json.key("published").begin_object();
  json.member("source", published.source);
  if (published.makespan) json.key("makespan_s").seconds(*published.makespan);
  if (published.bubble_over_makespan) json.member("bubble_over_makespan", *published.bubble_over_makespan);
  if (published.bubble_over_span) json.member("bubble_over_span", *published.bubble_over_span);
  json.end_object();
}

}  // namespace

void write_notes(JsonWriter& json, const std::vector<std::string>& notes) {
  json.key("notes").begin_array();
  for (const std::string& note : notes) json.value(note);
  json.end_array();
}

void write_uncertainty(JsonWriter& json, const Uncertainty& uncertainty) {
  json.key("uncertainty").begin_object();
  json.member("samples", uncertainty.samples());
  json.member("seed", uncertainty.seed);
  json.key("makespan_p10_s").seconds(uncertainty.quantile(0.1));
  json.key("makespan_p50_s").seconds(uncertainty.quantile(0.5));
  json.key("makespan_p90_s").seconds(uncertainty.quantile(0.9));
  json.end_object();
}

std::string json_report(const RunResult& run, std::string_view version, const IdleExplanation* idle) {
  std::string text;
  JsonWriter json(text, 2);
  json.begin_object();
  json.member("stagecraft", version);
  json.member("scenario", run.built.name);
  json.member("kind", "pipeline");
  json.member("schedule", run.built.schedule_name);
  write_metrics(json, run);
  if (run.uncertainty) write_uncertainty(json, *run.uncertainty);
  if (run.built.published) write_published(json, *run.built.published);
  if (!run.built.notes.empty()) write_notes(json, run.built.notes);
  json.key("ranks").begin_array();
  for (std::size_t rank = 0; rank < run.metrics.ranks.size(); ++rank)
    write_rank(json, rank, run.metrics.ranks[rank]);
  json.end_array();
  if (idle != nullptr) write_idle(json, *idle);
  json.end_object();
  json.finish();
  return text;
}

}  // namespace stagecraft
