#include "scenarios/run/compare.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

std::vector<std::string> names(const std::string& text) {
  std::vector<std::string> result;
  for (const Alternative& alternative : parse_alternatives(text)) result.push_back(alternative.name);
  return result;
}

std::string refused(const std::string& text) {
  try {
    parse_alternatives(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string measured_scenario() {
  return (shipped_scenarios() / "llama3-8b-h200.yaml").string();
}

constexpr const char* kFourRanks =
    "name: four\n"
    "pipeline: {schedule: 1f1b, stages: 4, microbatches: 8}\n"
    "costs: {forward: 4 ms, backward: 8 ms}\n";

}  // namespace

TEST_CASE("alternatives are schedules with settings and ranges of them", "[golden]") {
  using Names = std::vector<std::string>;
  CHECK(names("1f1b,gpipe") == Names{"1f1b", "gpipe"});
  CHECK(names("interleaved-1f1b:v=2..4") ==
        Names{"interleaved-1f1b v=2", "interleaved-1f1b v=3", "interleaved-1f1b v=4"});
  CHECK(names("1f1b:b=1..2:parallel.zero1=true") ==
        Names{"1f1b b=1 parallel.zero1=true", "1f1b b=2 parallel.zero1=true"});
  const std::vector<Alternative> one = parse_alternatives("interleaved-1f1b:v=2:t=4:p=8:d=16");
  CHECK(one[0].overrides == Names{"pipeline.schedule=interleaved-1f1b", "pipeline.chunks=2",
                                  "parallel.tensor=4", "parallel.pipeline=8", "parallel.data=16"});
}

TEST_CASE("alternatives that make no sense say why", "[error]") {
  CHECK(refused("1f1b,gpip") == "unknown schedule 'gpip'; did you mean 'gpipe'?");
  CHECK(refused("").starts_with("unknown schedule ''"));
  CHECK(refused("1f1b:v") == "'1f1b:v': after a colon comes a setting such as v=2..4");
  CHECK(refused("1f1b:v=") == "'1f1b:v=': after a colon comes a setting such as v=2..4");
  CHECK(refused("1f1b:q=2") == "'1f1b:q=2': 'q' is neither v, b, t, p, d nor a key such as batch.micro");
  CHECK(refused("1f1b:v=4..2") == "'1f1b:v=4..2': '4..2' is no range of whole numbers such as 2..4");
  CHECK(refused("1f1b:v=1..x") == "'1f1b:v=1..x': '1..x' is no range of whole numbers such as 2..4");
  CHECK(refused("1f1b:v=2147483647..2147483647").empty());
  CHECK(refused("1f1b:v=0..255:b=0..255:t=0..255") == "more than 256 alternatives");
  CHECK(names(" 1f1b , gpipe") == std::vector<std::string>{"1f1b", "gpipe"});
  CHECK(refused("1f1b:v=1..100:b=1..100") == "more than 256 alternatives");
}

TEST_CASE("schedules are ranked, and those that do not fit say why", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  // (m + (p-1)/v) times 12 ms: 132, 114 and 108 ms. Interleaving needs m to be a multiple of p.
  const Output output =
      run_program({"run", "a.yaml", "--compare", "1f1b,interleaved-1f1b:v=2..3,gpipe:pipeline.stages=0"});
  CHECK(output.err.empty());
  CHECK(output.out ==
        "four: 3 schedules\n"
        "  schedule                    step        behind    idle      memory\n"
        "  interleaved-1f1b v=3        108 ms                11.1 %    5 act.\n"
        "  interleaved-1f1b v=2        114 ms      +5.6 %    15.8 %    5.5 act.\n"
        "  1f1b                        132 ms      +22.2 %   27.3 %    4 act.\n"
        "  gpipe pipeline.stages=0     left out: must be between 1 and 65535\n");
}

TEST_CASE("steps of unlike work are ranked by throughput", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  // 1f1b: (m + 3) times 12 ms. Eight micro-batches take the longer step, and less of it each.
  const Output output = run_program(
      {"run", "a.yaml", "--compare", "1f1b:pipeline.microbatches=4,1f1b:pipeline.microbatches=8"});
  CHECK(output.err.empty());
  CHECK(output.out ==
        "four: 2 schedules\n"
        "  schedule                      step        micro-b./s  behind    idle      memory\n"
        "  1f1b pipeline.microbatches=8  132 ms      60.61                 27.3 %    4 act.\n"
        "  1f1b pipeline.microbatches=4  84 ms       47.62       +27.3 %   42.9 %    4 act.\n"
        "  Note: the alternatives differ in the work of a step: ranked by throughput\n");
}

TEST_CASE("unlike devices and models are noted, and unlike batches give samples a second", "[golden]") {
  const std::string text =
      run_program({"run", measured_scenario(), "--compare", "1f1b,1f1b:model.sequence=4096:batch.global=64"})
          .out;
  CAPTURE(text);
  CHECK(text.find("samples/s") != std::string::npos);
  CHECK(text.find("differ in the work of a step") != std::string::npos);
  CHECK(text.find("differ in the model") != std::string::npos);
  CHECK(text.find("differ in devices") == std::string::npos);
}

TEST_CASE("a comparison in which nothing can run ends with the first reason", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const Output output = run_program({"run", "a.yaml", "--compare", "gpipe:pipeline.stages=0"});
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  CHECK(output.err == "--set pipeline.stages=0: must be between 1 and 65535\n");
  CHECK(run_program({"run", "a.yaml", "--compare", "1f1b", "--svg", "a.svg"}).err ==
        "stagecraft: error: option '--svg' is of one schedule; with '--compare' there is '--json'\n"
        "see `stagecraft --help`\n");
}

TEST_CASE("equal samples settle an order where the errors are common, and leave it open where they are not",
          "[property]") {
  const Comparison comparison = compare_schedules(
      measured_scenario(), {}, parse_alternatives("1f1b,interleaved-1f1b:v=8:b=1..2"), 200, 0);
  REQUIRE(comparison.simulated() == 3);
  const auto& runs = comparison.runs;
  CHECK(runs[0].name == "interleaved-1f1b v=8 b=2");
  CHECK(faster_in(runs[0], runs[1]) < kSettled);
  CHECK(faster_in(runs[0], runs[1]) > 0.5);
  CHECK(faster_in(runs[1], runs[2]) >= kSettled);
  CHECK(faster_in(runs[1], runs[1]) == 0.5);
}

TEST_CASE("a comparison is written as JSON", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const json report = json::parse(
      run_program({"run", "a.yaml", "--compare", "1f1b,gpipe,interleaved-1f1b:v=5:p=3", "--json", "-"}).out);
  CHECK(report["kind"] == "comparison");
  REQUIRE(report["runs"].size() == 3);
  CHECK(report["runs"][0]["schedule"] == "1f1b");
  CHECK(report["runs"][0]["makespan_s"] == 0.132);
  CHECK(report["runs"][0]["samples"] == 8);
  CHECK(report["runs"][0]["samples_per_s"].get<double>() == Approx(8 / 0.132));
  CHECK(report["runs"][2].contains("left_out"));
}
