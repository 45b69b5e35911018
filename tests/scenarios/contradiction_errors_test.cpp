#include <catch2/catch.hpp>

#include "command_line.h"
#include "scenario_errors.h"

using namespace stagecraft;

TEST_CASE("keys that contradict each other are named where they stand", "[error]") {
  const ErrorCase cases[] = {
      {"name: nothing\n",
       {},
       "a.yaml:1:1: error: 'pipeline.stages' is required where there is no model\n"
       "    1 | name: nothing\n"
       "      | ^\n"},
      {"pipeline: {stages: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:1: error: 'pipeline.microbatches' is required where there is no model\n"
       "    1 | pipeline: {stages: 2}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n",
       {},
       "a.yaml:1:1: error: 'costs.forward' is required for uniform costs\n"
       "    1 | pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "      | ^\n"
       "      = for example: costs: {forward: 5 ms, backward: 10 ms}\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {backward: 2 ms}\n",
       {},
       "a.yaml:2:1: error: 'costs.forward' is required for uniform costs\n"
       "    2 | costs: {backward: 2 ms}\n"
       "      | ^\n"
       "      = for example: costs: {forward: 5 ms, backward: 10 ms}\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms}\n",
       {},
       "a.yaml:2:1: error: 'costs.backward', or both 'costs.input_gradient' and 'costs.weight_gradient', is "
       "required for uniform costs\n"
       "    2 | costs: {forward: 1 ms}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, input_gradient: 2 ms}\n",
       {},
       "a.yaml:2:40: error: 'costs.input_gradient' and 'costs.weight_gradient' go together\n"
       "    2 | costs: {forward: 1 ms, input_gradient: 2 ms}\n"
       "      |                                        ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, weight_gradient: 2 ms}\n",
       {},
       "a.yaml:2:41: error: 'costs.input_gradient' and 'costs.weight_gradient' go together\n"
       "    2 | costs: {forward: 1 ms, weight_gradient: 2 ms}\n"
       "      |                                         ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: [1 ms, 2 ms, 3 ms], backward: 2 ms}\n",
       {},
       "a.yaml:2:9: error: 'costs.forward' needs one value per stage: 2, got 3\n"
       "    2 | costs: {forward: [1 ms, 2 ms, 3 ms], backward: 2 ms}\n"
       "      |         ^\n"
       "      = stages: 2 ranks x 1 per rank = 2\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: [], backward: 2 ms}\n",
       {},
       "a.yaml:2:9: error: 'costs.forward' must have a value, got a list\n"
       "    2 | costs: {forward: [], backward: 2 ms}\n"
       "      |         ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms, transfer: [1 ms, 2 ms]}\n",
       {},
       "a.yaml:2:40: error: 'costs.transfer' needs one value per boundary between stages: 1, got 2\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, transfer: [1 ms, 2 ms]}\n"
       "      |                                        ^\n"
       "      = stages: 2 ranks x 1 per rank = 2\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms, activation: 1 GiB, weight_gradient_activation: 2 GiB}\n",
       {},
       "a.yaml:2:87: error: 'costs.weight_gradient_activation' must not be more than 'costs.activation', of "
       "which it is a part\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, activation: 1 GiB, weight_gradient_activation: 2 "
       "GiB}\n"
       "      |                                                                                       ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {model: roofline}\n",
       {},
       "a.yaml:2:16: error: roofline costs need 'model' and 'cluster'\n"
       "    2 | costs: {model: roofline}\n"
       "      |                ^\n"
       "      = or give times: costs: {forward: 5 ms, backward: 10 ms}\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {model: rofline}\n",
       {},
       "a.yaml:2:16: error: 'costs.model' must be a known name, got 'rofline'; did you mean 'roofline'?\n"
       "    2 | costs: {model: rofline}\n"
       "      |                ^\n"
       "      = known names: uniform, roofline, profiled\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms, roofline: {gemm_efficiency: 0.5}}\n",
       {},
       "a.yaml:2:40: error: 'costs.roofline' is for roofline costs, but this scenario has uniform costs\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, roofline: {gemm_efficiency: 0.5}}\n"
       "      |                                        ^\n"
       "      = leave it out, or set 'costs.model' to roofline\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "batch: {global: 4}\n",
       {},
       "a.yaml:3:1: error: 'batch' is for scenarios with a model; without one, give 'pipeline.microbatches'\n"
       "    3 | batch: {global: 4}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "parallel: {pipeline: 4}\n",
       {},
       "a.yaml:3:1: error: 'parallel' is for scenarios with a model; without one, give 'pipeline.stages'\n"
       "    3 | parallel: {pipeline: 4}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "cluster: {preset: dgx-a100}\n",
       {},
       "a.yaml:3:1: error: 'cluster' is for scenarios with a model; without one, times stand under 'costs'\n"
       "    3 | cluster: {preset: dgx-a100}\n"
       "      | ^\n"},
      {"pipeline: {stages: 2, microbatches: 2, layers: [1, 2]}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:40: error: 'pipeline.layers' is for scenarios with a model; without one, give times per "
       "stage: costs: {forward: [5 ms, 6 ms], ...}\n"
       "    1 | pipeline: {stages: 2, microbatches: 2, layers: [1, 2]}\n"
       "      |                                        ^\n"},
      {"pipeline: {stages: 2, microbatches: 2, recompute: full}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:51: error: 'pipeline.recompute' is for scenarios with a model; without one, add its time to "
       "the backward's\n"
       "    1 | pipeline: {stages: 2, microbatches: 2, recompute: full}\n"
       "      |                                                   ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "published: {}\n",
       {},
       "a.yaml:3:1: error: 'published.source' is required: where the numbers stand\n"
       "    3 | published: {}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "published: {source: somebody}\n",
       {},
       "a.yaml:3:1: error: 'published' needs a number beside its source: makespan, bubble_over_makespan or "
       "bubble_over_span\n"
       "    3 | published: {source: somebody}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "published: {source: somebody, makespan: 0 s}\n",
       {},
       "a.yaml:3:41: error: 'published.makespan' must be more than 0\n"
       "    3 | published: {source: somebody, makespan: 0 s}\n"
       "      |                                         ^\n"},
      {"pipeline: {schedule: 1f1b, csv: s.csv}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:33: error: 'pipeline.csv' and 'pipeline.schedule' both say what the schedule is; leave one "
       "out\n"
       "    1 | pipeline: {schedule: 1f1b, csv: s.csv}\n"
       "      |                                 ^\n"
       "      = 'pipeline.schedule' is set at a.yaml:1:22\n"
       "      = to replace both from the command line: --set 'pipeline={csv: FILE, ...}'\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.csv=s.csv"},
       "--set pipeline.csv=s.csv: 'pipeline.csv' and 'pipeline.schedule' both say what the schedule is; "
       "leave one out\n"
       "      = 'pipeline.schedule' is set at a.yaml:1:22\n"
       "      = to replace both from the command line: --set 'pipeline={csv: FILE, ...}'\n"},
      {"pipeline: {csv: s.csv}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.schedule=1f1b"},
       "a.yaml:1:17: error: 'pipeline.csv' and 'pipeline.schedule' both say what the schedule is; leave one "
       "out\n"
       "    1 | pipeline: {csv: s.csv}\n"
       "      |                 ^\n"
       "      = 'pipeline.schedule' is set at --set pipeline.schedule=1f1b\n"
       "      = to replace both from the command line: --set 'pipeline={csv: FILE, ...}'\n"},
      {"pipeline: {stages: 2, microbatches: 2, shared_links: true}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.transfers=blocking"},
       "a.yaml:1:54: error: 'pipeline.shared_links' has no effect with blocking transfers: a rank that waits "
       "for its own transfer sends no second one that could queue\n"
       "    1 | pipeline: {stages: 2, microbatches: 2, shared_links: true}\n"
       "      |                                                      ^\n"
       "      = leave it out, or set 'pipeline.transfers' to overlap\n"},
  };
  for (const ErrorCase& one : cases) check(one);
}
