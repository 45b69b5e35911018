#include <catch2/catch.hpp>

#include "command_line.h"
#include "scenario_errors.h"

using namespace stagecraft;

TEST_CASE("a model that cannot be laid out is named where it stands", "[error]") {
  const ErrorCase cases[] = {
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
  for (const ErrorCase& one : cases) check(one);
}

TEST_CASE("a model with given times is checked as one with roofline costs", "[error]") {
  const std::string text = std::string(kTrained) + "costs: {model: uniform, forward: 1 ms, backward: 2 ms}\n";
  const ErrorCase cases[] = {
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
  for (const ErrorCase& one : cases) check(one);
}

TEST_CASE("a layout that does not suit the model or the ranks is refused", "[error]") {
  const std::string text = kTrained;
  const ErrorCase cases[] = {
      {text,
       {"pipeline.schedule=interleaved-1f1b", "pipeline.layout='Et*48|t*48L'"},
       "--set pipeline.layout='Et*48|t*48L': 'pipeline.layout' has 2 stages, no multiple of 12 ranks\n"},
      {text,
       {"pipeline.schedule=1f1b", "pipeline.layout='E(t*8|)*11t*9L'"},
       "--set pipeline.layout='E(t*8|)*11t*9L': stages of 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 8 + 9 "
       "layers "
       "do not add up to the model's 96\n"},
      {text,
       {"pipeline.layout='Et*48|x'"},
       "--set pipeline.layout='Et*48|x': 'pipeline.layout' 'Et*48|x': character 7 is none of E t L | ( ) * "
       ",\n"
       "      = for example: Et*3|(tt|)*14t|L\n"},
      {text,
       {"pipeline.layout='E(t*8|)*11t*8L'", "pipeline.layers=[96]"},
       "--set pipeline.layout='E(t*8|)*11t*8L': 'pipeline.layout' and 'pipeline.layers' both place the "
       "layers; "
       "leave one out\n"},
  };
  for (const ErrorCase& one : cases) check(one);
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
  const ErrorCase cases[] = {
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
  for (const ErrorCase& one : cases) check(one);
}
