#include "scenarios/reader/reader.h"

#include <filesystem>

#include "scenarios/reader/scenario_fields.h"

namespace stagecraft {

namespace {

ReadScenario finish(NodePtr root, const std::string& path, const std::vector<std::string>& overrides) {
  for (const std::string& assignment : overrides) root = apply_override(root, assignment);
  ReadScenario result{read<Scenario>(*root), root, path};
  if (result.scenario.name.empty()) result.scenario.name = std::filesystem::path(path).stem().string();
  return result;
}

}  // namespace

ReadScenario read_scenario(const std::string& path, const std::vector<std::string>& overrides) {
  return finish(read_yaml_file(path), path, overrides);
}

ReadScenario parse_scenario(std::string text, const std::string& name,
                            const std::vector<std::string>& overrides) {
  return finish(parse_yaml(std::move(text), name), name, overrides);
}

std::string scenario_yaml(const Scenario& scenario) {
  return to_yaml(scenario, Defaults::LeaveOut);
}

std::string scenario_schema() {
  return json_schema(describe<Scenario>());
}

std::vector<std::string> scenario_keys() {
  return dotted_keys(describe<Scenario>());
}

std::string explain_scenario_key(std::string_view key) {
  return explain_key(describe<Scenario>(), key);
}

}  // namespace stagecraft
