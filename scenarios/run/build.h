#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/calibration.h"
#include "models/cluster.h"
#include "models/measured_kernels.h"
#include "models/roofline.h"
#include "models/strategy.h"
#include "models/transformer.h"
#include "scenarios/reader/reader.h"
#include "sim/pipeline/problem.h"
#include "sim/schedule/registry.h"

namespace stagecraft {

/// What a scenario with a model trains, on what.
struct Training {
  Transformer model;
  Cluster cluster;
  Strategy strategy;
  std::int64_t global_batch = 1;
};

/// Kernels that the scenario's table has measured, and who measured them.
struct Measured {
  MeasuredKernels kernels;
  std::string source;
};

/// Constants and layer times fitted to measured steps, and who measured them.
struct Calibrated {
  Calibration calibration;
  LayerFactors layers;
};

/// A scenario, checked and turned into what the simulator takes.
struct BuiltScenario {
  std::string name;
  std::string schedule_name;                      ///< "1f1b", or the CSV's file name
  const ScheduleEntry* schedule_entry = nullptr;  ///< null where the schedule is a CSV
  CostModelKind cost_model = CostModelKind::Uniform;
  PipelineProblem problem;
  std::optional<Training> training;      ///< where the scenario has a model
  std::optional<Measured> measured;      ///< where its costs are profiled
  std::optional<Calibrated> calibrated;  ///< where it names a calibration
  RooflineConstants roofline;            ///< the scenario's own, or the calibration's
  std::optional<PublishedSpec> published;
  std::vector<std::string> notes;  ///< what whoever reads the numbers should know
  std::string published_left_out;  ///< the option that makes this another scenario than the published one
};

/// Builds the problem: model and cluster from presets or dimensions, costs of every stage, schedule, and the
/// reduction and optimizer steps at its end. Throws InputError where keys contradict each other.
BuiltScenario build(const ReadScenario& read);

/// What was measured for a scenario, off as `sample` says.
CostSources cost_sources(const BuiltScenario& built, const CostSample& sample = {});

/// Puts the costs of a scenario with a model into a problem: stages, the chain of hops between them, and what
/// segments and copies of the model change. Throws ModelError, and std::domain_error for times beyond 292
/// years. REQUIRES: built.training, and built.problem's shape and schedule.
void set_model_costs(const BuiltScenario& built, const RooflineConstants& constants,
                     const CostSources& sources, PipelineProblem& problem);

/// The model and the cluster of a scenario as its keys describe them. Throw InputError.
Transformer build_model(const ReadScenario& read);
Cluster build_cluster(const ReadScenario& read);

}  // namespace stagecraft
