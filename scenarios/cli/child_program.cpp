#include "scenarios/cli/child_program.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"

extern char** environ;

namespace stagecraft {

namespace {

/// The two ends of a pipe; closed at the end.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  explicit Pipe(bool open) {
    if (open && pipe(ends.data()) != 0) throw InputError("stagecraft: error: no pipe can be made");
  }
  ~Pipe() {
    for (int& end : ends) close_end(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close_end(int& end) {
    if (end >= 0) close(end);
    end = -1;
  }
};

pid_t start(const std::string& program, const std::vector<std::string>& words, const Pipe& pipe) {
  std::vector<char*> arguments = {const_cast<char*>(program.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (pipe.ends[1] >= 0) {
    posix_spawn_file_actions_adddup2(&actions, pipe.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pipe.ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe.ends[0]);
  }
  pid_t child = 0;
  const int error = posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw InputError(
        fmt::format("stagecraft: error: '{}' cannot be started: {}", program, std::strerror(error)));
  return child;
}

std::string read_all(int end) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = read(end, buffer.data(), buffer.size())) != 0;) {
    if (size < 0 && errno != EINTR) break;
    if (size > 0) text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

}  // namespace

ChildResult run_child(const std::string& program, const std::vector<std::string>& words, bool capture) {
  Pipe pipe(capture);
  const pid_t child = start(program, words, pipe);
  ChildResult result;
  if (capture) {
    Pipe::close_end(pipe.ends[1]);
    result.text = read_all(pipe.ends[0]);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::string find_sibling(const std::string& name, const char* override_name) {
  namespace fs = std::filesystem;
  std::error_code error;
  const char* other = std::getenv(override_name);
  const fs::path path =
      other ? fs::path(other) : fs::read_symlink("/proc/self/exe", error).parent_path() / name;
  return fs::is_regular_file(path, error) ? path.string() : std::string();
}

}  // namespace stagecraft
