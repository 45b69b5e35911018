#include "scenarios/run/compare.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

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
        "  In the memory of gpipe, zb-h1 is the fastest: gpipe takes 22.2 % longer.\n"
        "  Written    a.json, a.svg\n");
  const json report = json::parse(read_text("a.json"));
  CHECK(report["runs"][0]["on_front"] == true);
  CHECK(report["runs"][1]["on_front"] == false);
  const std::string picture = read_text("a.svg");
  CHECK(picture.find(">limit: 5 GiB</text>") != std::string::npos);
  for (const char* name : {"gpipe", "1f1b", "zb-h1", "gems"})
    CHECK(picture.find(std::string("<title>") + name + "</title>") != std::string::npos);
  CHECK(run_program({"run", "a.yaml", "--within", "5 GiB"}).status == 2);
  CHECK(run_program({"run", "a.yaml", "--compare", "1f1b", "--within", "5 GiB"}).err ==
        "stagecraft: error: '--within' needs schedules that take memory, but the scenario's costs have none\n"
        "      = give a model, or costs.state and costs.activation\n");
  CHECK(run_program({"run", "a.yaml", "--compare", "1f1b", "--within", "0 GiB"}).err ==
        "stagecraft: error: option '--within' needs more than 0, got '0 GiB'\n"
        "see `stagecraft --help`\n");
  CHECK(run_program({"run", "a.yaml", "--compare", "1f1b", "--within", "5"}).err ==
        "stagecraft: error: option '--within': '5' needs a unit, such as \"80 GiB\"\n"
        "see `stagecraft --help`\n");
}

TEST_CASE("a planned schedule of a comparison is planned for the memory that it may hold", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const std::vector<std::string> words{"run",       "a.yaml",
                                       "--set",     "costs.activation=1 GiB",
                                       "--set",     "costs.input_gradient=4 ms",
                                       "--set",     "costs.weight_gradient=4 ms",
                                       "--compare", "zb-auto,1f1b,zb-h2",
                                       "--json",    "a.json"};
  std::vector<std::string> within = words;
  within.insert(within.end(), {"--within", "3 GiB"});
  const auto of_auto = [](const std::vector<std::string>& line) {
    CHECK(run_program(line).err.empty());
    const json report = json::parse(read_text("a.json"));
    for (const json& run : report["runs"])
      if (run["schedule"] == "zb-auto") return run;
    return json();
  };
  CHECK(of_auto(words)["peak_memory_bytes"].get<std::int64_t>() > std::int64_t{3} << 30);
  CHECK(of_auto(within)["peak_memory_bytes"].get<std::int64_t>() <= std::int64_t{3} << 30);
  CHECK(of_auto(within)["fits"] == true);
  // What only one of the runs has to say is said with its name.
  const json notes = json::parse(read_text("a.json"))["notes"];
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].get<std::string>().substr(0, 9) == "zb-auto: ");
  std::vector<std::string> both = within;
  both.insert(both.end(), {"--set", "pipeline.memory_limit=6 GiB"});
  std::ranges::replace(both, "zb-auto,1f1b,zb-h2", "zb-auto");
  CHECK(of_auto(both)["fits"] == true);
}

TEST_CASE("a limit that came as an option goes by its name in errors", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const std::vector<std::string> words{"run",       "a.yaml",
                                       "--set",     "costs.activation=1 GiB",
                                       "--set",     "costs.input_gradient=4 ms",
                                       "--set",     "costs.weight_gradient=4 ms",
                                       "--compare", "1f1b,zb-auto",
                                       "--within"};
  const auto left_out = [&](std::vector<std::string> more) {
    std::vector<std::string> line = words;
    line.insert(line.end(), more.begin(), more.end());
    const std::string text = run_program(line).out;
    const std::size_t at = std::min(text.find("left out: "), text.size());
    return text.substr(at, text.find('\n', at) - at);
  };
  CHECK(left_out({"0.5 GiB"}) ==
        "left out: rank 0 needs 1073741824 bytes for one micro-batch, 1073741824 of them for activations, "
        "more than '--within'");
  // The scenario's own limit, where it is the smaller one.
  CHECK(left_out({"2 GiB", "--set", "pipeline.memory_limit=0.5 GiB"}).find("--within") == std::string::npos);
}

TEST_CASE("steps of no time compare without dividing by it", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", "pipeline: {stages: 2, microbatches: 4}\ncosts: {forward: 0 ms, backward: 0 ms}\n");
  const Output output = run_program({"run", "a.yaml", "--compare", "1f1b,gpipe,1f1b", "--svg", "a.svg"});
  CHECK(output.status == 0);
  CHECK(output.out ==
        "a: 2 schedules\n"
        "  schedule                    step        behind    idle      memory\n"
        "* 1f1b                        0 s                   0.0 %     2 act.\n"
        "  gpipe                       0 s                   0.0 %     4 act.\n"
        "  * no other schedule is as fast in less memory\n"
        "  1f1b is fastest: gpipe takes as long with 100.0 % more memory.\n"
        "  In the memory of 1f1b nothing else is faster.\n"
        "  Written    a.svg\n");
  CHECK(run_program({"run", "a.yaml", "--why"}).status == 0);
}

TEST_CASE("segments of a micro-batch are memory of a part of it", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const Output output = run_program(
      {"run", "a.yaml", "--compare", "1f1b,seq1f1b:pipeline.segments=4,terapipe:pipeline.segments=2"});
  // p, p + k - 1 quarters, and all of them.
  CHECK(output.out.find(" 4 act.\n") != std::string::npos);
  CHECK(output.out.find(" 1.75 act.\n") != std::string::npos);
  CHECK(output.out.find(" 8 act.\n") != std::string::npos);
}

TEST_CASE("options that a comparison would ignore are refused", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--svg-memory"},
                                               {"--trace-window", "0ms..1ms"},
                                               {"--trace-ranks", "0"},
                                               {"--schedule-letters", "old"},
                                               {"--why"},
                                               {"--csv", "a.csv"}}) {
    std::vector<std::string> words{"run", "a.yaml", "--compare", "1f1b", "--svg", "a.svg"};
    words.insert(words.end(), more.begin(), more.end());
    CHECK(run_program(words).err == "stagecraft: error: option '" + more[0] +
                                        "' is of one schedule; with '--compare' there are '--json' and "
                                        "'--svg'\nsee `stagecraft --help`\n");
  }
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

TEST_CASE("what would help is in the JSON too, and what could not be tried is said", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kFourRanks);
  const Output output = run_program({"run", "a.yaml", "--why", "--json", "-"});
  const json report = json::parse(output.out);
  CHECK(report["waits"][0]["rank"] == 0);
  CHECK(report["waits"][0]["cause"] == "warm_up");
  CHECK(report["waits"][0]["waits_for"] == "1B of micro-batch 0");
  bool interleaved = false;
  for (const json& remedy : report["remedies"])
    interleaved |= remedy["remedy"] == "interleaved-1f1b v=4" && remedy["memory_ratio"] > 1.0;
  CHECK(interleaved);
  CHECK(report["not_tried"][0]["remedy"] == "zb-h1");
  CHECK(run_program({"run", "a.yaml", "--why"})
            .out.find("  Not tried: zb-h1: this schedule splits the backward: 'costs.input_gradient' and "
                      "'costs.weight_gradient' are required\n") != std::string::npos);
}

TEST_CASE("remedies have their own groups, and kfkb of another group is one", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {schedule: kfkb, group: 8, stages: 4, microbatches: 16}\n"
             "costs: {forward: 4 ms, input_gradient: 4 ms, weight_gradient: 4 ms, transfer: 1 ms}\n");
  const json report = json::parse(run_program({"run", "a.yaml", "--why", "--json", "-"}).out);
  CHECK(report["not_tried"].empty());
  std::string names;
  for (const json& remedy : report["remedies"]) names += remedy["remedy"].get<std::string>() + ", ";
  CAPTURE(names);
  CHECK(names.find("zb-h1, ") != std::string::npos);
  CHECK(names.find("interleaved-1f1b v=2, ") != std::string::npos);
}

TEST_CASE("waits for fused ops name both stages and count micro-batches", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {schedule: dualpipe-v, stages: 4, microbatches: 16}\n"
             "costs: {forward: 4 ms, input_gradient: 4 ms, weight_gradient: 4 ms, transfer: 3 ms}\n");
  const std::string text = run_program({"run", "a.yaml", "--why"}).out;
  CHECK(text.find("OVERLAP") == std::string::npos);
  CHECK(text.find("F+") != std::string::npos);
}
