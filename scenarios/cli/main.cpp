#include <unistd.h>

#include <csignal>
#include <iostream>

#include "base/output.h"
#include "scenarios/cli/commands.h"

namespace {

/// Nothing half-written stays behind, and the status is that of an interrupted program.
extern "C" void interrupted(int) {
  stagecraft::unlink_pending_temporaries();
  _exit(static_cast<int>(stagecraft::Exit::Interrupted));
}

/// The reader of a pipe is gone, or the terminal: ends as the signal would have it, but leaves nothing
/// behind.
extern "C" void cut_off(int signal) {
  stagecraft::unlink_pending_temporaries();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
  std::signal(SIGPIPE, cut_off);
  std::signal(SIGHUP, cut_off);
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  return static_cast<int>(stagecraft::run_command_line(words, std::cout, std::cerr, terminal));
}
