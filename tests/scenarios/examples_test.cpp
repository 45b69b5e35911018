#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "scenarios/run/build.h"

using namespace stagecraft;

namespace {

std::vector<std::string> shipped() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(shipped_scenarios()))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("every scenario that ships is valid and runs", "[golden]") {
  const std::vector<std::string> files = shipped();
  REQUIRE(files.size() >= 2);
  for (const std::string& file : files) {
    INFO(file);
    const Output check = run_program({"check", file});
    CHECK(check.err == "");
    CHECK(check.out == file + ": ok\n");
    CHECK(check.status == 0);
    const Output run = run_program({"run", file, "--json", "-"});
    CHECK(run.err == "");
    REQUIRE(run.status == 0);
    CHECK(nlohmann::json::parse(run.out)["metrics"]["makespan_s"].get<double>() > 0);
  }
}

TEST_CASE("every scenario that ships is written as YAML that reads back and builds alike", "[property]") {
  for (const std::string& file : shipped()) {
    const ReadScenario read = read_scenario(file);
    const std::string text = scenario_yaml(read.scenario);
    INFO(file << ":\n" << text);
    const ReadScenario again = parse_scenario(text, file);
    CHECK((again.scenario == read.scenario));
    CHECK(scenario_yaml(again.scenario) == text);
    const BuiltScenario first = build(read), second = build(again);
    CHECK((first.problem.schedule == second.problem.schedule));
    CHECK(first.problem.stages.front().forward == second.problem.stages.front().forward);
  }
}

TEST_CASE("every scenario that ships names its schema for editors", "[golden]") {
  for (const std::string& file : shipped()) {
    INFO(file);
    const std::string text = read_text(file);
    const std::string start = "# yaml-language-server: $schema=";
    REQUIRE(text.substr(0, start.size()) == start);
    const std::string schema = text.substr(start.size(), text.find('\n') - start.size());
    CHECK(std::filesystem::exists(std::filesystem::path(file).parent_path() / schema));
  }
}

TEST_CASE("the schema that ships is the one the program prints", "[golden]") {
  const Output output = run_program({"schema"});
  CHECK(output.status == 0);
  // When keys have changed: stagecraft schema > scenarios/scenario.schema.json
  CHECK((output.out == read_text((shipped_scenarios() / "scenario.schema.json").string())));
}
