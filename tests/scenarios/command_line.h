#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stagecraft {

/// What one run of the program in this process left behind.
struct Output {
  int status = 0;
  std::string out;
  std::string err;
};

/// Runs the command line without the program's name.
Output run_program(const std::vector<std::string>& words, bool terminal = false);

/// Standard output of a command that must succeed silently.
std::string printed(const std::vector<std::string>& words);

/// Standard error of a command line that must be refused before anything is printed.
std::string refused(const std::vector<std::string>& words);

/// Runs `command` in bash, in the current folder; the environment variable STAGECRAFT is the built program.
/// Returns its exit status.
int shell(const std::string& command);

/// A new folder that is the current one until the end of the scope, then removed: so that messages name
/// files as a user would, without the folder.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  /// Every name in the folder, hidden ones too, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path before_;
  std::filesystem::path folder_;
};

/// Environment variables for colours, all unset, and the given one set, until the end of the scope.
class ColourEnvironment {
 public:
  explicit ColourEnvironment(const char* name = nullptr, const char* value = "1");
  ~ColourEnvironment();
  ColourEnvironment(const ColourEnvironment&) = delete;
  ColourEnvironment& operator=(const ColourEnvironment&) = delete;
};

void write_text(const std::string& file, const std::string& text);
std::string read_text(const std::string& file);

/// The scenarios that ship, as the build knows them.
std::filesystem::path shipped_scenarios();

/// Two ranks, two micro-batches, F 1 ms, B 2 ms, hops of 0.5 ms: small enough to lay out by hand.
inline constexpr const char* kTwoRanks =
    "pipeline: {schedule: 1f1b, stages: 2, microbatches: 2}\n"
    "costs: {forward: 1 ms, backward: 2 ms, transfer: 500 us}\n";

/// GPT-3 175B on 96 devices.
inline constexpr const char* kTrained =
    "model: {preset: gpt3-175b}\n"
    "cluster: {preset: dgx-a100, nodes: 12}\n"
    "parallel: {tensor: 8, pipeline: 12}\n"
    "batch: {global: 48}\n";

}  // namespace stagecraft
