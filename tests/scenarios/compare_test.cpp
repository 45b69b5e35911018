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
        "* interleaved-1f1b v=3        108 ms                11.1 %    5 act.\n"
        "  interleaved-1f1b v=2        114 ms      +5.6 %    15.8 %    5.5 act.\n"
        "* 1f1b                        132 ms      +22.2 %   27.3 %    4 act.\n"
        "  gpipe pipeline.stages=0     left out: must be between 1 and 65535\n"
        "  * no other schedule is as fast in less memory\n"
        "  interleaved-1f1b v=3 is fastest: 1f1b takes 22.2 % longer in 20.0 % less memory.\n"
        "  In the memory of 1f1b nothing else is faster.\n");
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
        "* 1f1b pipeline.microbatches=8  132 ms      60.61                 27.3 %    4 act.\n"
        "  1f1b pipeline.microbatches=4  84 ms       47.62       +27.3 %   42.9 %    4 act.\n"
        "  * no other schedule is as fast in less memory\n"
        "  In the memory of 1f1b pipeline.microbatches=4, 1f1b pipeline.microbatches=8 is the fastest: 1f1b "
        "pipeline.microbatches=4 takes 27.3 % longer.\n"
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
  CHECK(run_program({"run", "a.yaml", "--compare", "1f1b", "--trace", "a.json"}).err ==
        "stagecraft: error: option '--trace' is of one schedule; with '--compare' there are '--json' and "
        "'--svg'\n"
        "see `stagecraft --help`\n");
}

TEST_CASE("steps of no time are not compared", "[error]") {
  const TemporaryFolder folder;
  write_text(
      "a.yaml",
      "pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\ncosts: {forward: 0 ms, backward: 0 ms}\n");
  CHECK(refused({"run", "a.yaml", "--compare", "1f1b,gpipe", "--svg", "a.svg"}) ==
        "a.yaml: error: has costs of 0 only: a step of 1f1b takes no time\n"
        "      = give 'costs' above 0 to compare schedules\n");
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

TEST_CASE("a comparison within a memory limit says what fits, and draws throughput over memory", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const std::vector<std::string> words{"run",       "a.yaml",
                                       "--set",     "costs.activation=1 GiB",
                                       "--compare", "gpipe,1f1b,zb-h1,gems",
                                       "--within",  "5 GiB",
                                       "--set",     "costs.input_gradient=4 ms",
                                       "--set",     "costs.weight_gradient=4 ms",
                                       "--svg",     "a.svg",
                                       "--json",    "a.json"};
  const Output output = run_program(words);
  CHECK(output.err.empty());
  // 8 micro-batches of 12 ms and (p-1) times 12, 12 and 8 - 4 + ... ms; GPipe holds all 8, GEMS one.
  CHECK(output.out ==
        "four: 4 schedules\n"
        "  schedule                    step        behind    idle      memory\n"
        "* zb-h1                       108 ms                11.1 %    4 GiB\n"
        "  1f1b                        132 ms      +22.2 %   27.3 %    4 GiB\n"
        "* gems                        300 ms      +177.8 %  68.0 %    1 GiB\n"
        "  gpipe                       132 ms      +22.2 %   27.3 %    8 GiB         does not fit\n"
        "  * no other schedule is as fast in less memory\n"
        "  zb-h1 is fastest: 1f1b takes 22.2 % longer in the same memory.\n"
        "  gems takes 177.8 % longer than zb-h1, in 75.0 % less memory.\n"
        "  In the memory of gpipe, zb-h1 is the fastest: gpipe takes 22.2 % longer.\n");
  const json report = json::parse(read_text("a.json"));
  CHECK(report["runs"][0]["on_front"] == true);
  CHECK(report["runs"][1]["on_front"] == false);
  const std::string picture = read_text("a.svg");
  CHECK(picture.find(">limit: 5 GiB</text>") != std::string::npos);
  for (const char* name : {"gpipe", "1f1b", "zb-h1", "gems"})
    CHECK(picture.find(std::string("<title>") + name + "</title>") != std::string::npos);
  CHECK(run_program({"run", "a.yaml", "--within", "5 GiB"}).status == 2);
  CHECK(run_program({"run", "a.yaml", "--compare", "1f1b", "--within", "5"}).err ==
        "stagecraft: error: option '--within': '5' needs a unit, such as \"80 GiB\"\n"
        "see `stagecraft --help`\n");
}

TEST_CASE("idle time is explained rank by rank, with what would help", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {schedule: 1f1b, stages: 2, microbatches: 4}\n"
             "costs: {forward: [4 ms, 6 ms], backward: [8 ms, 12 ms], transfer: 1 ms}\n");
  const Output output = run_program({"run", "a.yaml", "--why"});
  CHECK(output.err.empty());
  const std::size_t at = output.out.find("  Idle time, rank by rank");
  REQUIRE(at != std::string::npos);
  // Rank 0: F0 0-4, F1 4-8; B0 can start when rank 1 has done F0 5-11 and B0 11-23 and sent it, at 24.
  CHECK(output.out.substr(at).find("    rank 0   warm-up: 1B of micro-batch 0            15 ms") !=
        std::string::npos);
  CHECK(output.out.find("  What would help\n") != std::string::npos);
  CHECK(output.out.find("    stages of equal cost ") != std::string::npos);
  CHECK(output.out.find("    transfers in no time ") != std::string::npos);
}
