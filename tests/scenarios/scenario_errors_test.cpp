#include <catch2/catch.hpp>

#include "command_line.h"

using namespace stagecraft;

namespace {

struct Case {
  std::string text;
  std::vector<std::string> overrides;
  std::string error;
};

/// Runs the text as a.yaml with every output asked for: the message, status 2, and no file left behind.
void check(const Case& one) {
  INFO(one.text);
  const TemporaryFolder folder;
  write_text("a.yaml", one.text);
  std::vector<std::string> words{"run",   "a.yaml", "--json",  "r.json",     "--csv",          "r.csv",
                                 "--svg", "r.svg",  "--trace", "r.trace.gz", "--schedule-csv", "r.schedule"};
  for (const std::string& assignment : one.overrides) words.insert(words.end(), {"--set", assignment});
  const Output output = run_program(words);
  CHECK(output.err == one.error);
  CHECK(output.out == "");
  CHECK(output.status == 2);
  CHECK(folder.names() == std::vector<std::string>{"a.yaml"});
}

}  // namespace

TEST_CASE("a value that cannot be is named where it stands", "[error]") {
  const Case cases[] = {
      {"", {}, "a.yaml: error: the file is empty\n"},
      {"# nothing\n", {}, "a.yaml: error: the file has no values in it\n"},
      {"[]\n",
       {},
       "a.yaml:1:1: error: the document must be a map, got a list\n"
       "    1 | []\n"
       "      | ^\n"},
      {"name: \377\376\n",
       {},
       "a.yaml:1:7: error: is not UTF-8 text\n"
       "    1 | name: \\xff\\xfe\n"
       "      |       ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "name: [[\n",
       {},
       "a.yaml:3:8: error: this '[' is not closed\n"
       "    3 | name: [[\n"
       "      |        ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:2:1: error: 'pipeline' is given twice\n"
       "    2 | pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs:\n"
       "\tforward: 1 ms\n",
       {},
       "a.yaml:3:1: error: a tab cannot indent YAML\n"
       "    3 | \\tforward: 1 ms\n"
       "      | ^\n"
       "      = use spaces\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n"
       "pipline: {a: 1}\n",
       {},
       "a.yaml:3:1: error: unknown key 'pipline'; did you mean 'pipeline'?\n"
       "    3 | pipline: {a: 1}\n"
       "      | ^\n"
       "      = known keys: batch, cluster, costs, model, name, parallel, pipeline, published\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatchs: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:39: error: unknown key 'microbatchs' in 'pipeline'; did you mean 'microbatches'?\n"
       "    1 | pipeline: {schedule: 1f1b, stages: 2, microbatchs: 2}\n"
       "      |                                       ^\n"
       "      = known keys: activation_limit, chunks, csv, group, layers, memory_limit, microbatches, recompute, schedule, shared_links, stages, "
       "transfers\n"},
      {"pipeline: 3\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:11: error: 'pipeline' must be a map, got '3'\n"
       "    1 | pipeline: 3\n"
       "      |           ^\n"},
      {"pipeline: {stages: two, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:20: error: 'pipeline.stages' must be an integer, got 'two'\n"
       "    1 | pipeline: {stages: two, microbatches: 2}\n"
       "      |                    ^\n"},
      {"pipeline: {stages: 0, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:20: error: 'pipeline.stages' must be between 1 and 65535, got '0'\n"
       "    1 | pipeline: {stages: 0, microbatches: 2}\n"
       "      |                    ^\n"},
      {"pipeline: {stages: 2, microbatches: [2]}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:23: error: 'pipeline.microbatches' must be an integer, got a list\n"
       "    1 | pipeline: {stages: 2, microbatches: [2]}\n"
       "      |                       ^\n"},
      {"pipeline: {stages: 2, microbatches: 99999999999999999999}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:37: error: 'pipeline.microbatches' must be between 1 and 1073741824, got "
       "'99999999999999999999'\n"
       "    1 | pipeline: {stages: 2, microbatches: 99999999999999999999}\n"
       "      |                                     ^\n"},
      {"pipeline: {stages: 65535, microbatches: 1073741824}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:1: error: 65535 stages x 1073741824 microbatches are more than 2^31 ops\n"
       "    1 | pipeline: {stages: 65535, microbatches: 1073741824}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' needs a unit, such as \"5 ms\"\n"
       "    2 | costs: {forward: 1, backward: 2 ms}\n"
       "      |                  ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 parsec, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' has the unknown unit 'parsec'\n"
       "    2 | costs: {forward: 1 parsec, backward: 2 ms}\n"
       "      |                  ^\n"
       "      = known units: ns, us, ms, s, min, h\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 GiB, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' has the unknown unit 'GiB'\n"
       "    2 | costs: {forward: 1 GiB, backward: 2 ms}\n"
       "      |                  ^\n"
       "      = known units: ns, us, ms, s, min, h\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: .nan, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' must be finite, got '.nan'\n"
       "    2 | costs: {forward: .nan, backward: 2 ms}\n"
       "      |                  ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1e300 s, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' must be less than 292 years, got '1e300 s'\n"
       "    2 | costs: {forward: 1e300 s, backward: 2 ms}\n"
       "      |                  ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 2401 h, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' must be at most 2400 h, got '2401 h'\n"
       "    2 | costs: {forward: 2401 h, backward: 2 ms}\n"
       "      |                  ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: -1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:2:18: error: 'costs.forward' must not be negative, got '-1 ms'\n"
       "    2 | costs: {forward: -1 ms, backward: 2 ms}\n"
       "      |                  ^\n"},
      {"pipeline: {stages: 2, microbatches: 1000000}\n"
       "costs: {forward: 2400 h, backward: 2400 h}\n",
       {},
       "a.yaml:2:1: error: the step could take more than 146 years: times this long cannot be simulated\n"
       "    2 | costs: {forward: 2400 h, backward: 2400 h}\n"
       "      | ^\n"},
      {"pipeline: {stages: 2, microbatches: 10000}\n"
       "costs: {forward: 1 ms, backward: 2 ms, activation: 8000 TiB}\n",
       {},
       "a.yaml:2:1: error: the step could hold more than 4 EiB on one rank: sizes this large cannot be "
       "simulated\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, activation: 8000 TiB}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1c, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:22: error: 'pipeline.schedule' must be a known name, got '1f1c'; did you mean '1f1b'?\n"
       "    1 | pipeline: {schedule: 1f1c, stages: 2, microbatches: 2}\n"
       "      |                      ^\n"
       "      = known names: gpipe, 1f1b, kfkb, interleaved-1f1b, looped-bfs, zb-h1, zb-h2, interleaved-zero-bubble, zb-v, zb-1p, zb-2p, zb-auto\n"},
      {"pipeline: {schedule: 1f1b, chunks: 2, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:22: error: 1f1b has one chunk per rank, got 2\n"
       "    1 | pipeline: {schedule: 1f1b, chunks: 2, stages: 2, microbatches: 2}\n"
       "      |                      ^\n"},
      {"pipeline: {stages: 2, microbatches: 2, transfers: blockign}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:51: error: 'pipeline.transfers' must be a known name, got 'blockign'; did you mean "
       "'blocking'?\n"
       "    1 | pipeline: {stages: 2, microbatches: 2, transfers: blockign}\n"
       "      |                                                   ^\n"
       "      = known names: overlap, blocking\n"},
      {"pipeline: {stages: 2, microbatches: 2, shared_links: 1}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {},
       "a.yaml:1:54: error: 'pipeline.shared_links' must be true or false, got '1'\n"
       "    1 | pipeline: {stages: 2, microbatches: 2, shared_links: 1}\n"
       "      |                                                      ^\n"},
  };
  for (const Case& one : cases) check(one);
}

TEST_CASE("keys that contradict each other are named where they stand", "[error]") {
  const Case cases[] = {
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
  for (const Case& one : cases) check(one);
}

TEST_CASE("a model that cannot be laid out is named where it stands", "[error]") {
  const Case cases[] = {
      {"model: {preset: gpt3-175}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:17: error: 'model.preset' must be a known name, got 'gpt3-175'; did you mean 'gpt3-175b'?\n"
       "    1 | model: {preset: gpt3-175}\n"
       "      |                 ^\n"
       "      = known names: gpt-1.7b, gpt-3.6b, gpt-7.5b, gpt-18.4b, gpt-39.1b, gpt-76.1b, gpt-145.6b, "
       "gpt-310.1b, gpt-529.6b, gpt-1008b, gpt-22b, gpt-175b, gpt-530b, gpt-1t, gpt3-175b, mt-nlg-530b, "
       "llama2-7b, llama2-13b, llama2-70b, llama3-8b, llama3-70b, llama3-405b, bert-large\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a10, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:2:19: error: 'cluster.preset' must be a known name, got 'dgx-a10'; did you mean 'dgx-a100'?\n"
       "    2 | cluster: {preset: dgx-a10, nodes: 12}\n"
       "      |                   ^\n"
       "      = known names: dgx-a100, dgx-h100, dgx-h200, dgx-b200, dgx-1-v100, a10-box, selene, "
       "summit-node\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12, device: {preset: a100}}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:2:57: error: 'cluster.device.preset' must be a known name, got 'a100'; did you mean 'a10'?\n"
       "    2 | cluster: {preset: dgx-a100, nodes: 12, device: {preset: a100}}\n"
       "      |                                                         ^\n"
       "      = known names: v100-16, v100-32, a10, a100-40, a100-80, h100, h200, b200\n"},
      {"model: {preset: gpt3-175b, hf_config: config.json}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:1: error: 'model' needs one of preset, hf_config and transformer, got 2\n"
       "    1 | model: {preset: gpt3-175b, hf_config: config.json}\n"
       "      | ^\n"
       "      = presets: see `stagecraft list models`\n"},
      {"model: {sequence: 2048}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:1: error: 'model' needs one of preset, hf_config and transformer, got 0\n"
       "    1 | model: {sequence: 2048}\n"
       "      | ^\n"
       "      = presets: see `stagecraft list models`\n"},
      {"model: {transformer: {layers: 4}}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:9: error: 'model.transformer.hidden' is required: hidden size h\n"
       "    1 | model: {transformer: {layers: 4}}\n"
       "      |         ^\n"},
      {"model: {preset: gpt3-175b, sequence: 100000000}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:38: error: 'model.sequence' must be between 1 and 16777216, got '100000000'\n"
       "    1 | model: {preset: gpt3-175b, sequence: 100000000}\n"
       "      |                                      ^\n"},
      {"model: gpt3-175b\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:8: error: 'model' must be a map, got 'gpt3-175b'\n"
       "    1 | model: gpt3-175b\n"
       "      |        ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:1:1: error: a scenario with a model needs 'cluster', what the model runs on\n"
       "    1 | model: {preset: gpt3-175b}\n"
       "      | ^\n"
       "      = for example: cluster: {preset: dgx-a100, nodes: 12}\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n",
       {},
       "a.yaml:1:1: error: a scenario with a model needs 'batch', the samples of a step\n"
       "    1 | model: {preset: gpt3-175b}\n"
       "      | ^\n"
       "      = for example: batch: {global: 48, micro: 1}\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {micro: 8}\n",
       {},
       "a.yaml:4:1: error: 'batch.global' is required: samples of one training step, over all replicas\n"
       "    4 | batch: {micro: 8}\n"
       "      | ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 4}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:3:1: error: tensor 8 x pipeline 12 x data 1 needs 96 devices, but dgx-a100 has 32 (4 nodes of "
       "8)\n"
       "    3 | parallel: {tensor: 8, pipeline: 12}\n"
       "      | ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 5, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:3:20: error: tensor parallelism of 5 does not divide the model's 96 heads\n"
       "    3 | parallel: {tensor: 5, pipeline: 12}\n"
       "      |                    ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 7}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:3:33: error: 96 layers do not divide into 7 pipeline stages\n"
       "    3 | parallel: {tensor: 8, pipeline: 7}\n"
       "      |                                 ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 24}\n"
       "parallel: {tensor: 8, pipeline: 12, data: 2}\n"
       "batch: {global: 49}\n",
       {},
       "a.yaml:4:17: error: 'batch.global' 49 is not a multiple of data 2 x micro 1 = 2\n"
       "    4 | batch: {global: 49}\n"
       "      |                 ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 0}\n",
       {},
       "a.yaml:4:17: error: 'batch.global' must be between 1 and 1099511627776, got '0'\n"
       "    4 | batch: {global: 0}\n"
       "      |                 ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "pipeline: {layers: [1, 2]}\n",
       {},
       "a.yaml:5:12: error: layers are given for 2 stages, but there are 12\n"
       "    5 | pipeline: {layers: [1, 2]}\n"
       "      |            ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "pipeline: {layers: [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 9]}\n",
       {},
       "a.yaml:5:12: error: stages of 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 9 layers do not add up to "
       "the model's 96\n"
       "    5 | pipeline: {layers: [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 9]}\n"
       "      |            ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "pipeline: {schedule: interleaved-1f1b, chunks: 5}\n",
       {},
       "a.yaml:5:48: error: 96 layers do not divide into 60 stages (12 ranks x 5 chunks)\n"
       "    5 | pipeline: {schedule: interleaved-1f1b, chunks: 5}\n"
       "      |                                                ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "pipeline: {stages: 4}\n",
       {},
       "a.yaml:5:20: error: 'pipeline.stages' is for scenarios without a model; use 'parallel.pipeline'\n"
       "    5 | pipeline: {stages: 4}\n"
       "      |                    ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "pipeline: {microbatches: 4}\n",
       {},
       "a.yaml:5:26: error: 'pipeline.microbatches' follows from 'batch' where there is a model\n"
       "    5 | pipeline: {microbatches: 4}\n"
       "      |                          ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "costs: {forward: 1 ms}\n",
       {},
       "a.yaml:5:18: error: 'costs.forward' is for uniform costs, but this scenario has roofline costs\n"
       "    5 | costs: {forward: 1 ms}\n"
       "      |                  ^\n"
       "      = leave it out, or set 'costs.model' to uniform\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "costs: {model: uniform}\n",
       {},
       "a.yaml:5:1: error: 'costs.forward' is required for uniform costs\n"
       "    5 | costs: {model: uniform}\n"
       "      | ^\n"
       "      = for example: costs: {forward: 5 ms, backward: 10 ms}\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "costs: {model: uniform, forward: 1 ms, backward: 2 ms, roofline: {kernel_gap: 1 us}}\n",
       {},
       "a.yaml:5:56: error: 'costs.roofline' is for roofline costs, but this scenario has uniform costs\n"
       "    5 | costs: {model: uniform, forward: 1 ms, backward: 2 ms, roofline: {kernel_gap: 1 us}}\n"
       "      |                                                        ^\n"
       "      = leave it out, or set 'costs.model' to roofline\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:2:1: error: 'cluster.device.half' is required where there is no cluster preset\n"
       "    2 | cluster: {nodes: 12}\n"
       "      | ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {device: {half: 312 TFLOP/s, memory: 80 GiB, bandwidth: 2039 GB/s}}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:2:1: error: 'cluster.device.processors' is required where there is no cluster preset\n"
       "    2 | cluster: {device: {half: 312 TFLOP/s, memory: 80 GiB, bandwidth: 2039 GB/s}}\n"
       "      | ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {device: {preset: a100-80}, nodes: 12, devices_per_node: 8}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:2:1: error: 'cluster.intra' is required where there is no cluster preset\n"
       "    2 | cluster: {device: {preset: a100-80}, nodes: 12, devices_per_node: 8}\n"
       "      | ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 48}\n"
       "costs: {roofline: {gemm_efficiency: 0}}\n",
       {},
       "a.yaml:5:37: error: 'costs.roofline.gemm_efficiency' must be more than 0 and at most 1, got '0'\n"
       "    5 | costs: {roofline: {gemm_efficiency: 0}}\n"
       "      |                                     ^\n"},
      {"model: {preset: gpt3-175b}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, gradient_bytes: 3, pipeline: 12}\n"
       "batch: {global: 48}\n",
       {},
       "a.yaml:3:39: error: a gradient has 2 or 4 bytes, not 3\n"
       "    3 | parallel: {tensor: 8, gradient_bytes: 3, pipeline: 12}\n"
       "      |                                       ^\n"},
      {"model: {preset: gpt3-175b, sequence: 16777216}\n"
       "cluster: {preset: dgx-a100, nodes: 12}\n"
       "parallel: {tensor: 8, pipeline: 12}\n"
       "batch: {global: 12582912, micro: 1048576}\n",
       {},
       "a.yaml:4:34: error: one micro-batch would keep more than 16 TiB in one layer on one device\n"
       "    4 | batch: {global: 12582912, micro: 1048576}\n"
       "      |                                  ^\n"},
  };
  for (const Case& one : cases) check(one);
}

TEST_CASE("a model with given times is checked as one with roofline costs", "[error]") {
  const std::string text = std::string(kTrained) + "costs: {model: uniform, forward: 1 ms, backward: 2 ms}\n";
  const Case cases[] = {
      {text,
       {"parallel.tensor=7"},
       "--set parallel.tensor=7: tensor parallelism of 7 does not divide the model's 96 heads\n"},
      {text,
       {"parallel.data=100"},
       "a.yaml:3:1: error: tensor 8 x pipeline 12 x data 100 needs 9600 devices, but dgx-a100 has 96 (12 "
       "nodes of 8)\n"
       "    3 | parallel: {tensor: 8, pipeline: 12}\n"
       "      | ^\n"},
      {text,
       {"parallel.pipeline=7"},
       "--set parallel.pipeline=7: 96 layers do not divide into 7 pipeline stages\n"},
      {text,
       {"pipeline.layers=[1, 2]", "costs.forward=[1 ms, 2 ms]"},
       "--set pipeline.layers=[1, 2]: layers are given for 2 stages, but there are 12\n"},
  };
  for (const Case& one : cases) check(one);
}

TEST_CASE("keys that only roofline costs read are refused where times are given", "[error]") {
  const std::string text = std::string(kTrained) + "costs: {model: uniform, forward: 1 ms, backward: 2 ms}\n";
  const std::string keys[][2] = {
      {"parallel.sequence_parallel=true", "leave it out and count it in the times"},
      {"parallel.zero1=true", "leave it out and count it in the times"},
      {"parallel.gradient_bytes=2", "leave it out and count it in the times"},
      {"parallel.scatter_gather=false", "leave it out and count it in the times"},
      {"parallel.hidden_reduction=0.5", "leave it out and count it in the times"},
      {"pipeline.recompute=full", "leave it out and add its time to the backward's"},
      {"pipeline.layers=[8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]", "give times per stage: forward: [5 ms, 6 ms]"},
  };
  for (const auto& [assignment, remedy] : keys) {
    const std::string key = assignment.substr(0, assignment.find('='));
    check({text,
           {assignment},
           "--set " + assignment + ": '" + key +
               "' is for roofline costs, but this scenario has uniform costs\n"
               "      = " +
               remedy + ", or set 'costs.model' to roofline\n"});
  }
}

TEST_CASE("a model's fault is named at the key that wrote it, wherever that stands", "[error]") {
  const std::string rest =
      "cluster: {preset: dgx-a100, nodes: 1}\n"
      "parallel: {pipeline: 2}\n"
      "batch: {global: 8}\n";
  const std::string dimensions =
      "model:\n"
      "  transformer:\n"
      "    layers: 4\n"
      "    hidden: 1000\n"
      "    heads: 16\n"
      "    vocabulary: 100\n"
      "    sequence: 100\n";
  const Case cases[] = {
      {dimensions + rest,
       {},
       "a.yaml:5:12: error: 16 heads do not divide the hidden size 1000\n"
       "    5 |     heads: 16\n"
       "      |            ^\n"},
      {dimensions + "    kv_heads: 5\n" + rest,
       {"model.transformer.hidden=1024"},
       "a.yaml:8:15: error: 5 key-value heads do not divide the 16 heads\n"
       "    8 |     kv_heads: 5\n"
       "      |               ^\n"},
      {dimensions + "    max_positions: 64\n" + rest,
       {"model.transformer.hidden=1024"},
       "a.yaml:7:15: error: a sequence of 100 tokens has no place in a learned position table of 64 rows "
       "('max_positions')\n"
       "    7 |     sequence: 100\n"
       "      |               ^\n"},
      {dimensions + "    max_positions: 100\n" + rest,
       {"model.transformer.hidden=1024", "model.sequence=200"},
       "--set model.sequence=200: a sequence of 200 tokens has no place in a learned position table of 100 "
       "rows ('max_positions')\n"},
      {dimensions + rest,
       {"model.transformer.hidden=1024", "pipeline={schedule: interleaved-1f1b, chunks: 4}"},
       "--set pipeline={schedule: interleaved-1f1b, chunks: 4}: 4 layers do not divide into 8 stages (2 "
       "ranks x 4 chunks)\n"},
      {"model: {preset: gpt-1.7b}\n" + rest,
       {"parallel.pipeline=7"},
       "--set parallel.pipeline=7: 24 layers do not divide into 7 pipeline stages\n"},
  };
  for (const Case& one : cases) check(one);
}

TEST_CASE("an override that cannot be is quoted", "[error]") {
  const Case cases[] = {
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.stages"},
       "--set pipeline.stages: must have the form KEY=VALUE\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"=3"},
       "--set =3: a part of the key is empty\n"
       "      = the form is a.b.c=VALUE\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline..stages=3"},
       "--set pipeline..stages=3: a part of the key is empty\n"
       "      = the form is a.b.c=VALUE\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.stagse=3"},
       "--set pipeline.stagse=3: unknown key 'stagse' in 'pipeline'; did you mean 'stages'?\n"
       "      = known keys: activation_limit, chunks, csv, group, layers, memory_limit, microbatches, recompute, schedule, shared_links, stages, "
       "transfers\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.stages=three"},
       "--set pipeline.stages=three: must be an integer\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.stages="},
       "a.yaml:1:1: error: 'pipeline.stages' is required where there is no model\n"
       "    1 | pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "      | ^\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline=3"},
       "--set pipeline=3: must be a map\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"costs.forward=["},
       "--set costs.forward=[: this '[' is not closed\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"costs.forward=1"},
       "--set costs.forward=1: needs a unit, such as \"5 ms\"\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"costs.forward.0=3 ms"},
       "--set costs.forward.0=3 ms: 'costs.forward' is not a map or list but '1 ms'\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.schedule=gpip"},
       "--set pipeline.schedule=gpip: must be a known name; did you mean 'gpipe'?\n"
       "      = known names: gpipe, 1f1b, kfkb, interleaved-1f1b, looped-bfs, zb-h1, zb-h2, interleaved-zero-bubble, zb-v, zb-1p, zb-2p, zb-auto\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"pipeline.stages=70000"},
       "--set pipeline.stages=70000: must be between 1 and 65535\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"costs.forward=[1 ms]"},
       "--set costs.forward=[1 ms]: 'costs.forward' needs one value per stage: 2, got 1\n"
       "      = stages: 2 ranks x 1 per rank = 2\n"},
      {"pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms}\n",
       {"published.makespan=1 s"},
       "--set published.makespan=1 s: 'published.source' is required: where the numbers stand\n"},
  };
  for (const Case& one : cases) check(one);
}
