#include "scenarios/run/build_refuse.h"

#include <fmt/format.h>

namespace stagecraft {

namespace {

/// Whether the key is written in the file or set on the command line.
bool given(const ReadScenario& read, std::string_view section, std::string_view key) {
  const Node* node = read.root->find(section);
  return node && node->find(key);
}

void refuse_model_keys(const ReadScenario& read) {
  const auto refuse = [&](bool is_given, std::string_view key, std::string_view instead) {
    if (is_given)
      throw error_at(*read.root, key, fmt::format("'{}' is for scenarios with a model; {}", key, instead));
  };
  refuse(read.scenario.batch.has_value(), "batch", "without one, give 'pipeline.microbatches'");
  refuse(read.root->find("parallel"), "parallel", "without one, give 'pipeline.stages'");
  refuse(read.scenario.cluster.has_value(), "cluster", "without one, times stand under 'costs'");
  refuse(given(read, "pipeline", "layers"), "pipeline.layers",
         "without one, give times per stage: costs: {forward: [5 ms, 6 ms], ...}");
  refuse(read.scenario.pipeline.layout.has_value(), "pipeline.layout",
         "without one, give times per stage: costs: {forward: [5 ms, 6 ms], ...}");
  refuse(given(read, "pipeline", "recompute"), "pipeline.recompute",
         "without one, add its time to the backward's");
}

void refuse_for_costs(const ReadScenario& read, std::string_view section, std::string_view key, bool uniform,
                      std::string_view remedy) {
  const std::string dotted = fmt::format("{}.{}", section, key);
  const std::string_view has = uniform ? "uniform" : "roofline", wanted = uniform ? "roofline" : "uniform";
  throw error_at(*read.root, dotted,
                 fmt::format("'{}' is for {} costs, but this scenario has {} costs", dotted, wanted, has),
                 {fmt::format("{}, or set 'costs.model' to {}", remedy, wanted)});
}

bool is_roofline_key(std::string_view key) {
  return key == "roofline" || key == "calibration";
}

/// Times where the roofline model makes them, and its constants where times are given.
void refuse_other_costs(const ReadScenario& read, bool uniform) {
  const Node* costs = read.root->find("costs");
  if (!costs) return;
  for (const MapEntry& entry : costs->entries)
    if (entry.key != "model" && entry.key != "table" && is_roofline_key(entry.key) == uniform)
      refuse_for_costs(read, "costs", entry.key, uniform, "leave it out");
}

/// A table that nothing would read.
void refuse_table(const ReadScenario& read, CostModelKind costs) {
  if (costs != CostModelKind::Profiled && read.scenario.costs.table)
    throw error_at(*read.root, "costs.table", "'costs.table' is for profiled costs",
                   {"set 'costs.model' to profiled, or leave the table out"});
}

/// Two sources of one constant.
void refuse_two_rooflines(const ReadScenario& read) {
  if (!read.scenario.costs.calibration || !given(read, "costs", "roofline")) return;
  throw error_at(*read.root, "costs.roofline",
                 "'costs.roofline' and 'costs.calibration' both set the constants of the roofline model",
                 {"leave one out; a calibration is YAML, its constants can be changed there"});
}

/// What changes only the costs that the roofline model makes. Layers say which stages are larger than
/// others, so they need times that say it too.
void refuse_roofline_keys(const ReadScenario& read) {
  for (const std::string_view key :
       {"sequence_parallel", "zero1", "gradient_bytes", "scatter_gather", "hidden_reduction"})
    if (given(read, "parallel", key))
      refuse_for_costs(read, "parallel", key, true, "leave it out and count it in the times");
  if (given(read, "pipeline", "recompute"))
    refuse_for_costs(read, "pipeline", "recompute", true, "leave it out and add its time to the backward's");
  for (const std::string_view key : {"layers", "layout"})
    if (given(read, "pipeline", key) && !read.scenario.costs.forward.is_list)
      refuse_for_costs(read, "pipeline", key, true, "give times per stage: forward: [5 ms, 6 ms]");
}

/// A link holds one transfer at a time anyway where its sender is held by it.
void refuse_idle_links(const ReadScenario& read) {
  const PipelineSpec& pipeline = read.scenario.pipeline;
  if (!pipeline.shared_links || pipeline.transfers != TransferMode::Blocking) return;
  throw error_at(*read.root, "pipeline.shared_links",
                 "'pipeline.shared_links' has no effect with blocking transfers: a rank that waits for its "
                 "own transfer sends no second one that could queue",
                 {"leave it out, or set 'pipeline.transfers' to overlap"});
}

/// Two places for the layers.
void refuse_two_layouts(const ReadScenario& read) {
  const PipelineSpec& pipeline = read.scenario.pipeline;
  if (pipeline.layout && given(read, "pipeline", "layers"))
    throw error_at(*read.root, "pipeline.layout",
                   "'pipeline.layout' and 'pipeline.layers' both place the layers; leave one out");
}

/// Letters of a file that is not there.
void refuse_letters(const ReadScenario& read) {
  if (read.scenario.pipeline.csv || !given(read, "pipeline", "csv_letters")) return;
  throw error_at(*read.root, "pipeline.csv_letters",
                 "'pipeline.csv_letters' is of 'pipeline.csv', which is not set");
}

/// Two names for one schedule. Says where the other one stands.
void refuse_two_schedules(const ReadScenario& read) {
  if (!read.scenario.pipeline.csv || !given(read, "pipeline", "schedule")) return;
  throw error_at(
      *read.root, "pipeline.csv",
      "'pipeline.csv' and 'pipeline.schedule' both say what the schedule is; leave one out",
      {fmt::format("'pipeline.schedule' is set at {}", to_string(locate(*read.root, "pipeline.schedule"))),
       "to replace both from the command line: --set 'pipeline={csv: FILE, ...}'"});
}

}  // namespace

void refuse_unused_keys(const ReadScenario& read, CostModelKind costs) {
  const bool uniform = costs == CostModelKind::Uniform;
  if (!read.scenario.model) refuse_model_keys(read);
  if (read.scenario.model && uniform) refuse_roofline_keys(read);
  if (read.scenario.model || uniform) refuse_other_costs(read, uniform);
  refuse_table(read, costs);
  refuse_two_rooflines(read);
  refuse_idle_links(read);
  refuse_two_schedules(read);
  refuse_two_layouts(read);
  refuse_letters(read);
}

}  // namespace stagecraft
