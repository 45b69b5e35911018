#include "scenarios/cli/child_program.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>

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

/// Whether `variable`, NAME=VALUE, has a name that one of `others` has.
bool is_replaced(std::string_view variable, const std::vector<std::string>& others) {
  const std::string_view name = variable.substr(0, variable.find('=') + 1);
  for (const std::string& other : others)
    if (other.starts_with(name)) return true;
  return false;
}

/// Null at the end; lives as long as `more`.
std::vector<char*> environment_with(const std::vector<std::string>& more) {
  std::vector<char*> all;
  for (char** variable = environ; *variable; ++variable)
    if (!is_replaced(*variable, more)) all.push_back(*variable);
  for (const std::string& variable : more) all.push_back(const_cast<char*>(variable.c_str()));
  all.push_back(nullptr);
  return all;
}

/// What a new process begins with: its outputs, and signals as if we had none of our own.
class SpawnSettings {
 public:
  explicit SpawnSettings(const Pipe& pipe) {
    posix_spawn_file_actions_init(&actions);
    if (pipe.ends[1] >= 0) {
      posix_spawn_file_actions_adddup2(&actions, pipe.ends[1], STDOUT_FILENO);
      posix_spawn_file_actions_adddup2(&actions, pipe.ends[1], STDERR_FILENO);
      posix_spawn_file_actions_addclose(&actions, pipe.ends[0]);
    }
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void default_for(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    posix_spawnattr_setsigdefault(&attributes, &set);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

/// SIGINT is nothing to us until the end of the scope.
class NoInterrupts {
 public:
  NoInterrupts() : before_(std::signal(SIGINT, SIG_IGN)) {}
  ~NoInterrupts() { std::signal(SIGINT, before_); }
  NoInterrupts(const NoInterrupts&) = delete;
  NoInterrupts& operator=(const NoInterrupts&) = delete;

  /// False in the background of a shell: then nor is it to the child.
  bool were_on() const { return before_ != SIG_IGN; }

 private:
  void (*before_)(int);
};

pid_t start(const std::string& program, const std::vector<std::string>& words,
            const std::vector<std::string>& variables, const SpawnSettings& settings) {
  std::vector<char*> arguments = {const_cast<char*>(program.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment = environment_with(variables);
  pid_t child = 0;
  const int error = posix_spawnp(&child, program.c_str(), &settings.actions, &settings.attributes,
                                 arguments.data(), environment.data());
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

ChildResult run_child(const std::string& program, const std::vector<std::string>& words,
                      const ChildOptions& options) {
  Pipe pipe(options.capture);
  std::optional<NoInterrupts> no_interrupts;
  SpawnSettings settings(pipe);
  if (options.outlives_interrupts && no_interrupts.emplace().were_on()) settings.default_for(SIGINT);
  const pid_t child = start(program, words, options.environment, settings);
  ChildResult result;
  if (options.capture) {
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
