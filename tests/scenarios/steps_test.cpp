#include "scenarios/run/steps.h"

#include <catch2/catch.hpp>

#include "command_line.h"
#include "scenarios/run/calibrate.h"
#include "scenarios/run/run.h"
#include "tests/base/error_of.h"

using namespace stagecraft;

namespace {

constexpr const char* kBase =
    "model: {transformer: {layers: 4, hidden: 512, heads: 8, vocabulary: 51200, sequence: 512}}\n"
    "cluster: {preset: dgx-a100}\n"
    "batch: {global: 8}\n";

/// The error of reading `csv` over a base scenario.
std::string error(const std::string& csv, const std::string& base = kBase) {
  const TemporaryFolder folder;
  write_text("base.yaml", base);
  write_text("steps.csv", csv);
  return error_of([] { read_steps("steps.csv", "base.yaml"); });
}

std::vector<MeasuredStep> steps(const std::string& csv) {
  const TemporaryFolder folder;
  write_text("base.yaml", kBase);
  write_text("steps.csv", csv);
  return read_steps("steps.csv", "base.yaml");
}

}  // namespace

TEST_CASE("a line of measured steps is the base scenario with its keys set", "[golden]") {
  const auto read = steps(
      "model.transformer.hidden,parallel.tensor,parallel.pipeline,batch.micro,step_s\r\n"
      "1024,2,1,4,0.25\r\n"
      "\r\n"
      "512,1,2,2,1e-1");
  REQUIRE(read.size() == 2);
  CHECK(read[0].seconds == 0.25);
  CHECK(read[0].pipeline() == 1);
  CHECK(read[0].shape() ==
        LayerShape{.hidden = 1024, .heads = 8, .sequence = 512, .tensor = 2, .micro_batch = 4});
  CHECK(read[1].settings == std::vector<std::string>{"model.transformer.hidden=512", "parallel.tensor=1",
                                                     "parallel.pipeline=2", "batch.micro=2"});
  CHECK(read[1].seconds == 0.1);
  CHECK(read[1].pipeline() == 2);
}

TEST_CASE("a measured step is simulated as run simulates its scenario", "[property]") {
  const TemporaryFolder folder;
  write_text("base.yaml", kBase);
  write_text("steps.csv", "parallel.tensor,parallel.pipeline,step_s\n2,1,1\n1,4,1\n");
  for (const MeasuredStep& step : read_steps("steps.csv", "base.yaml"))
    CHECK(simulated_seconds(step.built, step.built.roofline, nullptr) ==
          to_seconds(run(read_scenario("base.yaml", step.settings)).metrics.makespan));
}

TEST_CASE("mistakes in measured steps are shown where they stand", "[error]") {
  CHECK(error("") == "steps.csv: error: is empty; its first line must name the columns");
  CHECK(error("parallel.tensor,step_s\n") == "steps.csv: error: has no steps below the names of its columns");
  CHECK(error("parallel.tensor,batch.micro\n1,1\n") ==
        "steps.csv:1:1: error: the last column must be 'step_s', the seconds that were measured; those "
        "before it scenario keys such as parallel.tensor\n"
        "    1 | parallel.tensor,batch.micro\n"
        "      | ^");
  CHECK(error("step_s\n1\n") ==
        "steps.csv:1:1: error: the last column must be 'step_s', the seconds that were measured; those "
        "before it scenario keys such as parallel.tensor\n"
        "    1 | step_s\n"
        "      | ^");
  CHECK(error("parallel.tensor,parallel.tensor,step_s\n1,2,1\n") ==
        "steps.csv:1:1: error: column 'parallel.tensor' stands twice\n"
        "    1 | parallel.tensor,parallel.tensor,step_s\n"
        "      | ^");
  CHECK(error("parallel.tensr,step_s\n1,0.5\n") ==
        "steps.csv:2:1: error: this step is no valid scenario: --set parallel.tensr=1: unknown key 'tensr' "
        "in 'parallel'; did you mean 'tensor'?\n"
        "    2 | 1,0.5\n"
        "      | ^\n"
        "      = known keys: data, gradient_bytes, hidden_reduction, pipeline, scatter_gather, "
        "sequence_parallel, tensor, zero1");
  CHECK(error("parallel.tensor,step_s\n1,0.5\n2\n") ==
        "steps.csv:3:1: error: has 1 cells, the first line 2\n"
        "    3 | 2\n"
        "      | ^");
  CHECK(error("parallel.tensor,step_s\n1,0.5\n2,1,0.5\n") ==
        "steps.csv:3:1: error: has 3 cells, the first line 2\n"
        "    3 | 2,1,0.5\n"
        "      | ^");
  CHECK(error("parallel.tensor,step_s\n1,-0.5\n") ==
        "steps.csv:2:3: error: '-0.5' is no number above 0\n"
        "    2 | 1,-0.5\n"
        "      |   ^");
  CHECK(error("parallel.tensor,step_s\n1,0\n") ==
        "steps.csv:2:3: error: '0' is no number above 0\n"
        "    2 | 1,0\n"
        "      |   ^");
  CHECK(error("parallel.tensor,step_s\n1,\n") ==
        "steps.csv:2:3: error: '' is no number above 0\n"
        "    2 | 1,\n"
        "      |   ^");
  CHECK(error("parallel.tensor,step_s\n1,12 ms\n") ==
        "steps.csv:2:3: error: '12 ms' is no number above 0\n"
        "    2 | 1,12 ms\n"
        "      |   ^");
  CHECK(error("parallel.tensor,step_s\n3,0.5\n") ==
        "steps.csv:2:1: error: this step is no valid scenario: --set parallel.tensor=3: tensor parallelism "
        "of 3 does not divide the "
        "model's 8 heads\n"
        "    2 | 3,0.5\n"
        "      | ^");
  CHECK(error("parallel.tensor,step_s\n,0.5\n") ==
        "steps.csv:2:1: error: this step is no valid scenario: --set parallel.tensor=: must be an integer, "
        "got nothing\n"
        "    2 | ,0.5\n"
        "      | ^");
  CHECK(error("parallel.tensor,step_s\n16,0.5\n") ==
        "steps.csv:2:1: error: this step is no valid scenario: --set parallel.tensor=16: tensor 16 x "
        "pipeline 1 x data 1 needs 16 "
        "devices, but dgx-a100 has 8 (1 nodes of 8)\n"
        "    2 | 16,0.5\n"
        "      | ^");
  CHECK(error("cluster.device.preset,step_s\na100-80,1\na100-90,1\n") ==
        "steps.csv:3:1: error: this step is no valid scenario: --set cluster.device.preset=a100-90: must be "
        "a known name; did you mean 'a100-40'?\n"
        "    3 | a100-90,1\n"
        "      | ^\n"
        "      = known names: v100-16, v100-32, a10, a100-40, a100-80, h100, h200, b200");
  CHECK(error("cluster.device.preset,step_s\na100-80,1\nh100,1\n") ==
        "steps.csv:3:1: error: this step ran on h100, the first on a100-80; a calibration is of one device\n"
        "    3 | h100,1\n"
        "      | ^");
  CHECK(error("costs.roofline.kernel_gap,step_s\n1 us,1\n2 us,1\n") ==
        "steps.csv:3:1: error: this step sets other constants of the roofline model than the first\n"
        "    3 | 2 us,1\n"
        "      | ^");
}

TEST_CASE("steps need a scenario with a model", "[error]") {
  CHECK(error("pipeline.microbatches,step_s\n2,0.5\n", kTwoRanks) ==
        "steps.csv:2:1: error: 'base.yaml' has no model whose costs could be fitted\n"
        "    2 | 2,0.5\n"
        "      | ^");
}

TEST_CASE("a schedule that waits for itself is no step", "[error]") {
  const TemporaryFolder folder;
  write_text("s.csv", "0F0,0B0,0F1,0B1\n1F1,1B1,1F0,1B0\n");
  write_text("base.yaml", std::string(kBase) + "parallel: {pipeline: 2}\npipeline: {csv: s.csv}\n");
  write_text("steps.csv", "batch.micro,step_s\n4,0.5\n");
  CHECK(error_of([] { read_steps("steps.csv", "base.yaml"); }) ==
        "steps.csv:2:1: error: this step is no valid scenario: deadlock: rank 0 waits at 0B0 for 1B0, which "
        "stands behind 1F1 on rank 1; rank 1 waits at 1F1 for 0F1, which stands behind 0B0 on rank 0\n"
        "    2 | 4,0.5\n"
        "      | ^\n"
        "      = at s.csv:1:5");
}

TEST_CASE("files of steps that cannot be read are refused", "[error]") {
  const TemporaryFolder folder;
  write_text("base.yaml", kBase);
  write_text("steps.csv", "parallel.tensor,step_s\n1,0.5\n");
  CHECK(error_of([] { read_steps("missing.csv", "base.yaml"); }) == "missing.csv: error: no such file");
  CHECK(error_of([] { read_steps("steps.csv", "missing.yaml"); }) == "missing.yaml: error: no such file");
  write_text("large.csv", std::string((64 << 20) + 1, 'x'));
  CHECK(error_of([] { read_steps("large.csv", "base.yaml"); }) == "large.csv: error: is larger than 64 MiB");
}
