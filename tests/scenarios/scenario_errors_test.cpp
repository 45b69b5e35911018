#include <catch2/catch.hpp>

#include "command_line.h"
#include "scenario_errors.h"

using namespace stagecraft;

TEST_CASE("a value that cannot be is named where it stands", "[error]") {
  const ErrorCase cases[] = {
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
       "      = known keys: activation_limit, chunks, csv, csv_letters, group, layers, layout, memory_limit, "
       "microbatches, "
       "recompute, schedule, segments, shared_links, stages, "
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
      {"pipeline: {schedule: pipedream, stages: 1, microbatches: 600}\n"
       "costs: {forward: 1 ms, backward: 2 ms, optimizer: 2400 h}\n",
       {},
       "a.yaml:2:1: error: the step could take more than 146 years: times this long cannot be simulated\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, optimizer: 2400 h}\n"
       "      | ^\n"},
      {"pipeline: {schedule: bpipe, stages: 4, microbatches: 100}\n"
       "costs: {forward: 1 ms, backward: 2 ms, eviction: 2400 h}\n",
       {},
       "a.yaml:2:1: error: the step could take more than 146 years: times this long cannot be simulated\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, eviction: 2400 h}\n"
       "      | ^\n"},
      {"pipeline: {schedule: dualpipe, stages: 4, microbatches: 200}\n"
       "costs: {forward: 1 ms, input_gradient: 1 ms, weight_gradient: 1 ms, forward_backward: 2400 h}\n",
       {},
       "a.yaml:2:1: error: the step could take more than 146 years: times this long cannot be simulated\n"
       "    2 | costs: {forward: 1 ms, input_gradient: 1 ms, weight_gradient: 1 ms, forward_backward: 2400 h}\n"
       "      | ^\n"},
      {"pipeline: {stages: 2, microbatches: 2}\n"
       "costs: {forward: 1 ms, backward: 2 ms, state: 1 GiB, weights: 2 GiB}\n",
       {},
       "a.yaml:2:63: error: 'costs.weights' must not be more than 'costs.state', of which it is a part\n"
       "    2 | costs: {forward: 1 ms, backward: 2 ms, state: 1 GiB, weights: 2 GiB}\n"
       "      |                                                               ^\n"},
      {"pipeline: {schedule: zb-1p, stages: 2, microbatches: 10}\n"
       "costs: {forward: 50 h, input_gradient: 50 h, weight_gradient: 50 h}\n",
       {},
       "a.yaml:2:1: error: all ops and transfers together take more than 1000 h: schedule zb-1p cannot be "
       "planned for times this long\n"
       "    2 | costs: {forward: 50 h, input_gradient: 50 h, weight_gradient: 50 h}\n"
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
       "      = known names: gpipe, 1f1b, kfkb, interleaved-1f1b, pipedream, pipedream-2bw, bpipe, "
       "looped-bfs, "
       "zb-h1, zb-h2, interleaved-zero-bubble, zb-v, v-half, v-min, chimera, gems, hanayo, terapipe, "
       "seq1f1b, "
       "dualpipe, dualpipe-v, zb-1p, zb-2p, zb-auto\n"},
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
  for (const ErrorCase& one : cases) check(one);
}

TEST_CASE("an override that cannot be is quoted", "[error]") {
  const ErrorCase cases[] = {
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
       "      = known keys: activation_limit, chunks, csv, csv_letters, group, layers, layout, memory_limit, "
       "microbatches, "
       "recompute, schedule, segments, shared_links, stages, "
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
       "      = known names: gpipe, 1f1b, kfkb, interleaved-1f1b, pipedream, pipedream-2bw, bpipe, "
       "looped-bfs, "
       "zb-h1, zb-h2, interleaved-zero-bubble, zb-v, v-half, v-min, chimera, gems, hanayo, terapipe, "
       "seq1f1b, "
       "dualpipe, dualpipe-v, zb-1p, zb-2p, zb-auto\n"},
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
  for (const ErrorCase& one : cases) check(one);
}
