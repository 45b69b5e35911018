#pragma once

#include "scenarios/reader/reader.h"
#include "sim/pipeline/problem.h"

namespace stagecraft {

/// Costs and hops of the stages of `shape` as `costs:` gives them. Throws InputError: a list of the wrong
/// length, no forward time, a backward given twice, a gradient's half missing where `split` needs it.
struct UniformCosts {
  std::vector<StageCost> stages;
  std::vector<StageEdge> edges;
};
UniformCosts uniform_costs(const ReadScenario& read, const ScheduleShape& shape, bool split_backward);

/// The costs of every segment where a schedule cuts sequences: equal shares of a micro-batch's, hops too.
void split_into_segments(PipelineProblem& problem);

}  // namespace stagecraft
