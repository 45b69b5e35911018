#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/reader/reader.h"

namespace stagecraft {

/// Where a file that a scenario names lies: beside the scenario.
std::string scenario_file_path(const ReadScenario& read, const std::string& file);

/// The text of a file that the scenario names under `key`, looked for beside the scenario. Throws InputError
/// at the key where it cannot be read, with the system's reason, or has more than `most` bytes.
std::string read_scenario_file(const ReadScenario& read, std::string_view key, const std::string& file,
                               std::size_t most);

/// A file that a run reads: the scenario itself, whose key is empty, or one that a key names.
struct ScenarioFile {
  std::string_view key;
  std::string path;
};
std::vector<ScenarioFile> scenario_files(const ReadScenario& read);

}  // namespace stagecraft
