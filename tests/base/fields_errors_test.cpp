#include <catch2/catch.hpp>

#include "error_of.h"
#include "sample_fields.h"

using namespace stagecraft;
using namespace stagecraft::sample;

namespace {

std::string problem(const std::string& text) {
  return error_of([&] { read<Scenario>(*parse_yaml(text, "a.yaml")); });
}

/// The message for one value of a key of `costs`, without place and source line.
std::string cost_problem(const std::string& key, const std::string& value) {
  const std::string text = "pipeline: {stages: 1}\ncosts: {forward: 1 ms, " + key + ": " + value + "}\n";
  try {
    read<Scenario>(*parse_yaml(text, "a.yaml"));
  } catch (const InputError& error) {
    return error.message();
  }
  return "no error";
}

std::string set_problem(const std::string& assignment) {
  return error_of([&] {
    const NodePtr root = parse_yaml("pipeline: {stages: 4}\ncosts: {forward: 1 ms}\nlinks: [{}]\n", "a.yaml");
    read<Scenario>(*apply_override(root, assignment));
  });
}

}  // namespace

TEST_CASE("an unknown key is answered with the known ones", "[error]") {
  CHECK(problem("pipeline:\n  stages: 4\n  microbatchs: 8\n") ==
        "a.yaml:3:3: error: unknown key 'microbatchs' in 'pipeline'\n"
        "    3 |   microbatchs: 8\n"
        "      |   ^\n"
        "      = known keys: chunks, overlap, recompute, schedule, stages");
  CHECK(problem("pipeline:\n  stage: 4\n") ==
        "a.yaml:2:3: error: unknown key 'stage' in 'pipeline'; did you mean 'stages'?\n"
        "    2 |   stage: 4\n"
        "      |   ^\n"
        "      = known keys: chunks, overlap, recompute, schedule, stages");
  CHECK(problem("pipline: {stages: 4}\n") ==
        "a.yaml:1:1: error: unknown key 'pipline'; did you mean 'pipeline'?\n"
        "    1 | pipline: {stages: 4}\n"
        "      | ^\n"
        "      = known keys: costs, layers, links, name, nodes, pipeline");
  CHECK(problem("pipeline: {stages: 4}\nlinks:\n  - {}\n  - bandwith: 5 GB/s\n") ==
        "a.yaml:4:5: error: unknown key 'bandwith' in 'links.1'; did you mean 'bandwidth'?\n"
        "    4 |   - bandwith: 5 GB/s\n"
        "      |     ^\n"
        "      = known keys: bandwidth, memory, name, peak, work");
}

TEST_CASE("a required key that is missing is named at its parent", "[error]") {
  CHECK(problem("name: x\npipeline:\n  chunks: 2\n") ==
        "a.yaml:2:1: error: 'pipeline.stages' is required: pipeline ranks p\n"
        "    2 | pipeline:\n"
        "      | ^");
  CHECK(problem("name: x\n") ==
        "a.yaml:1:1: error: 'pipeline' is required: the pipeline\n"
        "    1 | name: x\n"
        "      | ^");
}

TEST_CASE("a wrong type shows what was written", "[error]") {
  CHECK(problem("pipeline:\n  stages: four\n") ==
        "a.yaml:2:11: error: 'pipeline.stages' must be an integer, got 'four'\n"
        "    2 |   stages: four\n"
        "      |           ^");
  CHECK(problem("pipeline: 4\n") ==
        "a.yaml:1:11: error: 'pipeline' must be a map, got '4'\n"
        "    1 | pipeline: 4\n"
        "      |           ^");
  CHECK(problem("pipeline:\nname: x\n") ==
        "a.yaml:1:1: error: 'pipeline' must be a map, got nothing\n"
        "    1 | pipeline:\n"
        "      | ^");
  CHECK(problem("- 1\n") ==
        "a.yaml:1:1: error: the document must be a map, got a list\n    1 | - 1\n      | ^");
  CHECK(problem("pipeline: {stages: 1}\nlayers: 3\n") ==
        "a.yaml:2:9: error: 'layers' must be a list, got '3'\n    2 | layers: 3\n      |         ^");
  CHECK(problem("pipeline: {stages: 1}\nlayers: [1, x]\n") ==
        "a.yaml:2:13: error: 'layers.1' must be an integer, got 'x'\n    2 | layers: [1, x]\n      |         "
        "    ^");
  CHECK(problem("pipeline: {stages: 1}\nname: [a]\n") ==
        "a.yaml:2:1: error: 'name' must be text, got a list\n    2 | name: [a]\n      | ^");
}

TEST_CASE("integers are plain decimal numbers within their bounds", "[error]") {
  const auto stages = [](const std::string& value) {
    try {
      read<Scenario>(*parse_yaml("pipeline: {stages: " + value + "}", "a.yaml"));
    } catch (const InputError& error) {
      return error.message();
    }
    return std::string("no error");
  };
  CHECK(stages("4096") == "no error");
  CHECK(stages("+4") == "no error");
  CHECK(stages("0") == "'pipeline.stages' must be between 1 and 4096, got '0'");
  CHECK(stages("4097") == "'pipeline.stages' must be between 1 and 4096, got '4097'");
  CHECK(stages("99999999999999999999") ==
        "'pipeline.stages' must be between 1 and 4096, got '99999999999999999999'");
  CHECK(stages("-99999999999999999999") ==
        "'pipeline.stages' must be between 1 and 4096, got '-99999999999999999999'");
  for (const std::string value : {"1e3", "4.0", "0x10", "1_000", "+-4", "-", "true"}) {
    CAPTURE(value);
    CHECK(stages(value) == "'pipeline.stages' must be an integer, got '" + value + "'");
  }
  CHECK(stages("\"4\"") == "'pipeline.stages' must be an integer, got the quoted text '4'");
  CHECK(stages("1, chunks: 2147483648") ==
        "'pipeline.chunks' must be between 1 and 2147483647, got '2147483648'");
  CHECK(stages("1, chunks: 0") == "'pipeline.chunks' must be at least 1, got '0'");
}

TEST_CASE("numbers are finite and within their bounds", "[error]") {
  CHECK(cost_problem("jitter", "0.5") == "no error");
  CHECK(cost_problem("jitter", "+1e-3") == "no error");
  CHECK(cost_problem("jitter", "0.51") == "'costs.jitter' must be between 0 and 0.5, got '0.51'");
  CHECK(cost_problem("jitter", "-0.1") == "'costs.jitter' must be between 0 and 0.5, got '-0.1'");
  CHECK(cost_problem("jitter", ".nan") == "'costs.jitter' must be a finite number, got '.nan'");
  CHECK(cost_problem("jitter", "-.inf") == "'costs.jitter' must be a finite number, got '-.inf'");
  CHECK(cost_problem("jitter", "inf") == "'costs.jitter' must be a finite number, got 'inf'");
  CHECK(cost_problem("jitter", "1e999") ==
        "'costs.jitter' must be a number that a double can hold, got '1e999'");
  CHECK(cost_problem("jitter", "5%") == "'costs.jitter' must be a number, got '5%'");
  CHECK(cost_problem("jitter", "--1") == "'costs.jitter' must be a number, got '--1'");
  CHECK(cost_problem("jitter", "'0.1'") == "'costs.jitter' must be a number, got the quoted text '0.1'");
  CHECK(cost_problem("efficiency", "0") == "'costs.efficiency' must be more than 0 and at most 1, got '0'");
  CHECK(cost_problem("efficiency", "1.01") ==
        "'costs.efficiency' must be more than 0 and at most 1, got '1.01'");
}

TEST_CASE("quantities need units and keep their bounds", "[error]") {
  CHECK(cost_problem("transfer", "5") == "'costs.transfer' needs a unit, such as \"5 ms\"");
  CHECK(cost_problem("transfer", "5 GB") == "'costs.transfer' has the unknown unit 'GB'");
  CHECK(cost_problem("transfer", "-5 ms") == "'costs.transfer' must not be negative, got '-5 ms'");
  CHECK(cost_problem("transfer", "nan s") == "'costs.transfer' must be finite, got 'nan s'");
  CHECK(cost_problem("transfer", "1e30 s") == "'costs.transfer' must be less than 292 years, got '1e30 s'");
  CHECK(cost_problem("transfer", "2 s") == "'costs.transfer' must be at most 1 s, got '2 s'");
  CHECK(cost_problem("transfer", "[1 s]") ==
        "'costs.transfer' must be a duration, such as \"5 ms\", got a list");
  CHECK(cost_problem("transfer", "fast") ==
        "'costs.transfer' must be a duration, such as \"5 ms\", got 'fast'");
  CHECK(cost_problem("backward", "0 s") == "'costs.backward' must be more than 0, got '0 s'");
  CHECK(cost_problem("backward", "[1 ms, 0.1 ns]") == "'costs.backward.1' must be more than 0, got '0.1 ns'");
  CHECK(cost_problem("backward", "[]") == "'costs.backward' must have a value, got a list");
  CHECK(problem("pipeline: {stages: 1}\nlinks: [{bandwidth: 0 GB/s}]\n") ==
        "a.yaml:2:21: error: 'links.0.bandwidth' must be more than 0, got '0 GB/s'\n"
        "    2 | links: [{bandwidth: 0 GB/s}]\n"
        "      |                     ^");
  CHECK(problem("pipeline: {stages: 1}\nlinks: [{bandwidth: 5 gb/s}]\n") ==
        "a.yaml:2:21: error: 'links.0.bandwidth' has the unknown unit 'gb/s'; did you mean 'GB/s'?\n"
        "    2 | links: [{bandwidth: 5 gb/s}]\n"
        "      |                     ^\n"
        "      = known units: B/s, kB/s, MB/s, GB/s, TB/s, KiB/s, MiB/s, GiB/s, TiB/s, b/s, kb/s, Mb/s, "
        "Gb/s, Tb/s");
  CHECK(problem("pipeline: {stages: 1}\nlinks: [{memory: 5 MB}]\n") ==
        "a.yaml:2:18: error: 'links.0.memory' must be at least 1 GiB, got '5 MB'\n"
        "    2 | links: [{memory: 5 MB}]\n"
        "      |                  ^");
}

TEST_CASE("names are those of the table", "[error]") {
  CHECK(problem("pipeline: {stages: 1, schedule: gpip}\n") ==
        "a.yaml:1:33: error: 'pipeline.schedule' must be a known name, got 'gpip'; did you mean 'gpipe'?\n"
        "    1 | pipeline: {stages: 1, schedule: gpip}\n"
        "      |                                 ^\n"
        "      = known names: gpipe, 1f1b, zb-h1");
  CHECK(problem("pipeline: {stages: 1, recompute: always}\n") ==
        "a.yaml:1:34: error: 'pipeline.recompute' must be a known name, got 'always'\n"
        "    1 | pipeline: {stages: 1, recompute: always}\n"
        "      |                                  ^\n"
        "      = known names: none, selective, full");
  CHECK(problem("pipeline: {stages: 1, schedule: [1f1b]}\n") ==
        "a.yaml:1:23: error: 'pipeline.schedule' must be a name, got a list\n"
        "    1 | pipeline: {stages: 1, schedule: [1f1b]}\n"
        "      |                       ^\n"
        "      = known names: gpipe, 1f1b, zb-h1");
  CHECK(problem("pipeline: {stages: 1, overlap: yes}\n") ==
        "a.yaml:1:32: error: 'pipeline.overlap' must be true or false, got 'yes'\n"
        "    1 | pipeline: {stages: 1, overlap: yes}\n"
        "      |                                ^");
}

TEST_CASE("a value from the command line is answered with its option", "[error]") {
  CHECK(set_problem("pipeline.stages=four") == "--set pipeline.stages=four: must be an integer");
  CHECK(set_problem("pipeline.stages=0") == "--set pipeline.stages=0: must be between 1 and 4096");
  CHECK(set_problem("pipeline.schedule=gpip") ==
        "--set pipeline.schedule=gpip: must be a known name; did you mean 'gpipe'?\n"
        "      = known names: gpipe, 1f1b, zb-h1");
  CHECK(set_problem("costs.transfer=5") == "--set costs.transfer=5: needs a unit, such as \"5 ms\"");
  CHECK(set_problem("costs.transfer=") ==
        "--set costs.transfer=: must be a duration, such as \"5 ms\", got nothing");
  CHECK(set_problem("pipeline={}") == "--set pipeline={}: 'pipeline.stages' is required: pipeline ranks p");
  CHECK(set_problem("pipeline={stages: x}") ==
        "--set pipeline={stages: x}: 'pipeline.stages' must be an integer, got 'x'");
  CHECK(set_problem("pipeline.stage=4") ==
        "--set pipeline.stage=4: unknown key 'stage' in 'pipeline'; did you mean 'stages'?\n"
        "      = known keys: chunks, overlap, recompute, schedule, stages");
  CHECK(set_problem("links.0.memory=1 B") == "--set links.0.memory=1 B: must be at least 1 GiB");
  CHECK(set_problem("links.1.name=[]") == "--set links.1.name=[]: must be text, got a list");
}

TEST_CASE("a prefix stands before the keys of a part that is read by itself", "[error]") {
  const NodePtr node = parse_yaml("stages: x\n", "part.yaml");
  CHECK(error_of([&] { read<Pipeline>(*node, "pipeline"); }) ==
        "part.yaml:1:9: error: 'pipeline.stages' must be an integer, got 'x'\n    1 | stages: x\n      |     "
        "    ^");
}
