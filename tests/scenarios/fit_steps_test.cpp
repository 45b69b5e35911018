#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command_line.h"
#include "models/calibration.h"

using namespace stagecraft;

namespace {

constexpr const char* kBase =
    "model: {transformer: {layers: 4, hidden: 1024, heads: 16, vocabulary: 51200, sequence: 1024}}\n"
    "cluster: {preset: dgx-a100}\n"
    "batch: {global: 16}\n";

constexpr const char* kColumns =
    "model.transformer.layers,parallel.tensor,parallel.data,parallel.pipeline,batch.micro";

/// Settings of steps, as kColumns names them: two numbers of layers for each of six shapes, and two
/// pipelines.
const std::vector<std::string> kSteps{"4,1,1,1,1", "8,1,1,1,1", "4,2,1,1,1", "8,2,1,1,1", "4,8,1,1,1",
                                      "8,8,1,1,1", "4,1,2,1,4", "8,1,1,1,4", "4,2,2,1,4", "8,2,1,1,4",
                                      "4,8,1,1,4", "8,8,1,1,4", "8,1,1,4,1", "8,2,1,2,4"};

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) result.push_back(cell);
  return result;
}

/// Seconds of base.yaml with these settings and `more` (key=value), as `run` reports them.
double step_s(const std::string& settings, const std::vector<std::string>& more) {
  std::vector<std::string> words{"run", "base.yaml", "--json", "-"};
  const std::vector<std::string> keys = cells(kColumns), values = cells(settings);
  for (std::size_t i = 0; i < keys.size(); ++i)
    words.insert(words.end(), {"--set", keys[i] + "=" + values[i]});
  for (const std::string& setting : more) words.insert(words.end(), {"--set", setting});
  const Output output = run_program(words);
  REQUIRE(output.err.empty());
  return nlohmann::json::parse(output.out).at("metrics").at("makespan_s").get<double>();
}

/// Writes base.yaml and steps.csv with the times that a machine takes which is as `truth` says.
void write_steps(const std::vector<std::string>& truth) {
  write_text("base.yaml", kBase);
  std::string csv = fmt::format("{},step_s\n", kColumns);
  for (const std::string& settings : kSteps)
    csv += fmt::format("{},{:.9g}\n", settings, step_s(settings, truth));
  write_text("steps.csv", csv);
}

Calibration fitted(std::vector<std::string> options) {
  options.insert(options.begin(), {"fit", "base.yaml", "--steps", "steps.csv", "--output", "c.yaml"});
  const Output output = run_program(options);
  REQUIRE(output.err.empty());
  REQUIRE(output.status == 0);
  return parse_calibration(read_text("c.yaml"), "c.yaml");
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("constants that made the steps are found again", "[formula]") {
  const TemporaryFolder folder;
  write_steps({"costs.roofline.attention_efficiency=0.45", "costs.roofline.host_launch=40 us",
               "costs.roofline.rank_spread=80 us", "costs.roofline.collectives.intra_efficiency=0.6"});
  const Calibration found = fitted({});
  CHECK(found.roofline.attention_efficiency == Approx(0.45).epsilon(0.02));
  CHECK(to_seconds(found.roofline.host_launch) == Approx(40e-6).epsilon(0.02));
  CHECK(to_seconds(found.roofline.rank_spread) == Approx(80e-6).epsilon(0.02));
  CHECK(found.roofline.collectives.intra_efficiency == Approx(0.6).epsilon(0.02));
  CHECK(found.roofline.gemm_efficiency == RooflineConstants{}.gemm_efficiency);
  REQUIRE(found.layers.size() == 6);
  for (const LayerFactor& layer : found.layers) {
    CAPTURE(layer.tensor, layer.micro_batch);
    CHECK(layer.factor == Approx(1).epsilon(0.01));
    CHECK(layer.steps == 2);
  }
  CHECK(found.held_out_error < 0.01);
  // A pipeline to which nothing was fitted.
  const std::string csv = read_text("steps.csv");
  write_text("base.yaml", std::string(kBase) + "costs: {calibration: c.yaml}\n");
  CHECK(step_s(kSteps.back(), {}) == Approx(std::stod(csv.substr(csv.rfind(',') + 1))).epsilon(0.01));
}

TEST_CASE("factors of layers and ends that made the steps are found again", "[formula]") {
  const TemporaryFolder folder;
  Calibration truth{.device = "a100-80", .source = "made up", .layers = {}};
  double factor = 0.7;
  for (const std::int64_t tensor : {1, 2, 8})
    for (const std::int64_t micro_batch : {1, 4})
      truth.layers.push_back({.hidden = 1024,
                              .heads = 16,
                              .sequence = 1024,
                              .tensor = tensor,
                              .micro_batch = micro_batch,
                              .factor = factor += 0.1,
                              .ends = 2 - factor,
                              .steps = 2});
  write_text("truth.yaml", to_text(truth));
  write_steps({"costs.calibration=truth.yaml"});
  const Calibration found = fitted({"--keep-constants", "--source", "a test", "--licence", "CC0"});
  CHECK(found.device == "a100-80");
  CHECK(found.source == "a test");
  CHECK(found.licence == "CC0");
  CHECK(found.roofline == RooflineConstants{});
  REQUIRE(found.layers.size() == truth.layers.size());
  for (std::size_t i = 0; i < truth.layers.size(); ++i) {
    CAPTURE(truth.layers[i].tensor, truth.layers[i].micro_batch);
    CHECK(found.layers[i].shape() == truth.layers[i].shape());
    CHECK(found.layers[i].factor == Approx(truth.layers[i].factor).epsilon(0.01));
    REQUIRE(found.layers[i].ends.has_value());
    CHECK(*found.layers[i].ends == Approx(*truth.layers[i].ends).epsilon(0.01));
  }
}

TEST_CASE("a fit to steps reports fitted and pipelined and held-out ones apart", "[golden]") {
  const TemporaryFolder folder;
  write_steps({});
  const Output output = run_program({"fit", "base.yaml", "--steps", "steps.csv", "--keep-constants"});
  CHECK(output.err.empty());
  CHECK(output.out ==
        "14 steps, 6 layer shapes fitted\n"
        "  Constants     attention_efficiency 0.338, host_launch 53.1 us, rank_spread 50.9 us, "
        "collectives.intra_efficiency 0.765\n"
        "  Fitted        12 steps: 0.00 % mean error, 0.00 % median, 0.0 % 90th percentile, 0.0 % worst, "
        "+0.00 % bias\n"
        "  Pipelined     2 steps: 0.00 % mean error, 0.00 % median, 0.0 % 90th percentile, 0.0 % worst, "
        "+0.00 % bias\n"
        "  Shapes        one after another left out: 0.00 % mean error, 100 % of factors in the stated 80 %\n"
        "  Choice        6 jobs with several strategies: fastest picked in 100.0 %, within 3 % of it in "
        "100.0 %; regret 0.00 % mean, 0.0 % worst; 100.0 % of pairs in order\n");
  const Output held_out = run_program(
      {"fit", "base.yaml", "--steps", "steps.csv", "--keep-constants", "--hold-out", "parallel.tensor=8"});
  CHECK(held_out.out ==
        "14 steps, 4 layer shapes fitted\n"
        "  Constants     attention_efficiency 0.338, host_launch 53.1 us, rank_spread 50.9 us, "
        "collectives.intra_efficiency 0.765\n"
        "  Fitted        8 steps: 0.00 % mean error, 0.00 % median, 0.0 % 90th percentile, 0.0 % worst, "
        "+0.00 % bias\n"
        "  Pipelined     2 steps: 0.00 % mean error, 0.00 % median, 0.0 % 90th percentile, 0.0 % worst, "
        "+0.00 % bias\n"
        "  Held out      4 steps: 0.00 % mean error, 0.00 % median, 0.0 % 90th percentile, 0.0 % worst, "
        "+0.00 % bias\n"
        "  Shapes        one after another left out: 0.00 % mean error, 100 % of factors in the stated 80 %\n"
        "  Choice        6 jobs with several strategies: fastest picked in 100.0 %, within 3 % of it in "
        "100.0 %; regret 0.00 % mean, 0.0 % worst; 100.0 % of pairs in order\n");
  CHECK(folder.names() == std::vector<std::string>{"base.yaml", "steps.csv"});
}

TEST_CASE("a fit to steps says which factors it left at a bound", "[golden]") {
  const TemporaryFolder folder;
  write_text("base.yaml", kBase);
  write_text("steps.csv", "batch.micro,step_s\n1,1e4\n1,1.1e4\n");
  const Output output = run_program({"fit", "base.yaml", "--steps", "steps.csv", "--keep-constants"});
  CHECK(output.out.find(
            "\n  At a bound    factor of hidden 1024, heads 16, sequence 1024, tensor 1, micro_batch 1 at "
            "20, its upper bound\n") != std::string::npos);
}

TEST_CASE("without a terminal a fit to steps writes nothing to standard error", "[golden]") {
  const TemporaryFolder folder;
  write_steps({});
  CHECK(shell("\"$STAGECRAFT\" fit base.yaml --steps steps.csv >out 2>err") == 0);
  CHECK(read_text("err") == "");
  CHECK(read_text("out").starts_with("14 steps, 6 layer shapes fitted\n"));
}

TEST_CASE("a fit to steps that cannot be is refused and writes nothing", "[error]") {
  const TemporaryFolder folder;
  write_text("base.yaml", kBase);
  write_text("steps.csv", "parallel.tensor,parallel.pipeline,step_s\n1,1,1\n2,1,1\n2,2,1\n");
  write_text("pipelined.csv", "parallel.pipeline,step_s\n2,1\n");
  const std::vector<std::string> before = folder.names();
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), "fit");
    const Output output = run_program(words);
    CHECK(output.status == 2);
    CHECK(output.out == "");
    return first_line(output.err);
  };
  const auto steps_error = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"base.yaml", "--steps", "steps.csv"});
    return error(words);
  };
  CHECK(error({"--steps", "steps.csv"}) ==
        "stagecraft: error: `stagecraft fit --steps` takes one scenario, in which each step's keys are set");
  CHECK(error({"base.yaml", "other.yaml", "--steps", "steps.csv"}) ==
        "stagecraft: error: `stagecraft fit --steps` takes one scenario, in which each step's keys are set");
  CHECK(error({"base.yaml", "--steps", "pipelined.csv"}) ==
        "pipelined.csv: error: has no step without a pipeline to fit to");
  CHECK(error({"base.yaml", "--hold-out", "parallel.tensor=8"}) ==
        "stagecraft: error: option '--hold-out' is for '--steps'");
  CHECK(error({"base.yaml", "--keep-constants"}) ==
        "stagecraft: error: option '--keep-constants' is for '--steps'");
  CHECK(steps_error({"--hold-out", "parallel.tensor"}) ==
        "stagecraft: error: option '--hold-out' needs KEY=VALUE, such as parallel.tensor=8, got "
        "'parallel.tensor'");
  CHECK(steps_error({"--hold-out", "parallel.tensor=8"}) ==
        "stagecraft: error: option '--hold-out': no step has 'parallel.tensor=8'");
  CHECK(steps_error({"--hold-out", "parallel.pipeline=1"}) ==
        "steps.csv: error: has no step without a pipeline to fit to, but those that are held out");
  CHECK(steps_error({"--device", "a100-80"}) ==
        "stagecraft: error: option '--device' is for tables of kernels, not for '--steps'");
  CHECK(steps_error({"--format", "bf16"}) ==
        "stagecraft: error: option '--format' is for tables of kernels, not for '--steps'");
  CHECK(steps_error({"--thin", "2%"}) ==
        "stagecraft: error: option '--thin' is for tables of kernels, not for '--steps'");
  CHECK(steps_error({"--output", "steps.csv"}) ==
        "stagecraft: error: option '--output' would overwrite 'steps.csv', which the fit reads");
  CHECK(steps_error({"--output", "./base.yaml"}) ==
        "stagecraft: error: option '--output' would overwrite 'base.yaml', which the fit reads");
  CHECK(steps_error({"--output", "none/c.yaml"}) ==
        "none/c.yaml: error: cannot be written: its folder does not exist");
  CHECK(folder.names() == before);
}

TEST_CASE("a calibration is of a device of the catalog", "[error]") {
  const TemporaryFolder folder;
  write_text("base.yaml",
             "model: {preset: gpt3-175b}\n"
             "cluster: {preset: dgx-a100, nodes: 12, device: {half: 300 TFLOP/s}}\n"
             "parallel: {tensor: 8}\n"
             "batch: {global: 48}\n");
  write_text("steps.csv", "batch.micro,step_s\n1,1\n");
  CHECK(run_program({"fit", "base.yaml", "--steps", "steps.csv"}).err ==
        "base.yaml: error: a calibration is of a device as `stagecraft list devices` has it; this scenario's "
        "a100-80 differs\n");
}
