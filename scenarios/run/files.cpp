#include "scenarios/run/files.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/file.h"

namespace stagecraft {

std::string scenario_file_path(const ReadScenario& read, const std::string& file) {
  return (std::filesystem::path(read.path).parent_path() / file).string();
}

std::string read_scenario_file(const ReadScenario& read, std::string_view key, const std::string& file,
                               std::size_t most) {
  const std::string path = scenario_file_path(read, file);
  const auto fail = [&](const std::string& reason) {
    return error_at(*read.root, key, fmt::format("'{}': {}", path, reason));
  };
  std::string text;
  try {
    text = read_file(path, most);
  } catch (const InputError& error) {
    throw fail(error.message());
  }
  if (text.size() > most) throw fail(fmt::format("is larger than {} MiB", most >> 20));
  return text;
}

std::vector<ScenarioFile> scenario_files(const ReadScenario& read) {
  std::vector<ScenarioFile> files{{"", read.path}};
  const Scenario& scenario = read.scenario;
  const auto add = [&](std::string_view key, const std::optional<std::string>& file) {
    if (file) files.push_back({key, scenario_file_path(read, *file)});
  };
  add("pipeline.csv", scenario.pipeline.csv);
  add("costs.table", scenario.costs.table);
  add("costs.calibration", scenario.costs.calibration);
  if (scenario.model) add("model.hf_config", scenario.model->hf_config);
  return files;
}

}  // namespace stagecraft
