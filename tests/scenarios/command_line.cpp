#include "command_line.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "scenarios/cli/commands.h"

namespace stagecraft {

namespace fs = std::filesystem;

namespace {

void unset_colours() {
  for (const char* name : {"NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM"}) unsetenv(name);
}

}  // namespace

Output run_program(const std::vector<std::string>& words, bool terminal) {
  std::ostringstream out;
  std::ostringstream err;
  const Exit exit = run_command_line(words, out, err, terminal);
  return {static_cast<int>(exit), out.str(), err.str()};
}

std::string printed(const std::vector<std::string>& words) {
  const Output output = run_program(words);
  CHECK(output.status == 0);
  CHECK(output.err == "");
  return output.out;
}

std::string refused(const std::vector<std::string>& words) {
  const Output output = run_program(words);
  CHECK(output.status == 2);
  CHECK(output.out == "");
  return output.err;
}

int shell(const std::string& command) {
  setenv("STAGECRAFT", STAGECRAFT_PROGRAM, 1);
  setenv("STAGECRAFT_TEST_COMMAND", command.c_str(), 1);
  const int status = std::system("exec bash -c \"$STAGECRAFT_TEST_COMMAND\"");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TemporaryFolder::TemporaryFolder() : before_(fs::current_path()) {
  std::string name = (fs::temp_directory_path() / "stagecraft-test-XXXXXX").string();
  if (!mkdtemp(name.data()))
    throw fs::filesystem_error("mkdtemp", name, std::error_code(errno, std::generic_category()));
  folder_ = name;
  fs::current_path(folder_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::current_path(before_, ignored);
  fs::remove_all(folder_, ignored);
}

std::vector<std::string> TemporaryFolder::names() const {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

ColourEnvironment::ColourEnvironment(const char* name, const char* value) {
  unset_colours();
  if (name) setenv(name, value, 1);
}

ColourEnvironment::~ColourEnvironment() {
  unset_colours();
}

void write_text(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string read_text(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

fs::path shipped_scenarios() {
  return fs::path(STAGECRAFT_SOURCE_DIR) / "scenarios";
}

}  // namespace stagecraft
