#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenarios/reader/scenario.h"

namespace stagecraft {

/// A scenario and where each of its keys stands.
struct ReadScenario {
  Scenario scenario;
  NodePtr root;      ///< for error_at()
  std::string path;  ///< of the file, as given
};

/// Reads a scenario file, applies `overrides` (KEY=VALUE, in order) and checks every key by itself. Throws
/// InputError.
ReadScenario read_scenario(const std::string& path, const std::vector<std::string>& overrides = {});

/// The same from text, for tests; `name` stands for the file.
ReadScenario parse_scenario(std::string text, const std::string& name,
                            const std::vector<std::string>& overrides = {});

/// YAML of a scenario that reads back as an equal one and builds as it does: without keys at their default,
/// since a key that is written where it would not be used is refused.
std::string scenario_yaml(const Scenario& scenario);

/// JSON Schema (draft 7) of the scenario file.
std::string scenario_schema();

/// Every dotted key of the scenario file.
std::vector<std::string> scenario_keys();

/// What a dotted key means. Throws InputError for an unknown one, with "did you mean".
std::string explain_scenario_key(std::string_view key);

}  // namespace stagecraft
