#pragma once

#include <string>
#include <string_view>

#include "scenarios/reader/reader.h"

namespace stagecraft {

/// The text of a file that the scenario names under `key`, looked for beside the scenario. Throws InputError
/// at the key where it cannot be read.
std::string read_scenario_file(const ReadScenario& read, std::string_view key, const std::string& file);

}  // namespace stagecraft
