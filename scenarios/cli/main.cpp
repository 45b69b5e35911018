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

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const auto exit = stagecraft::run_command_line(words, std::cout, std::cerr, terminal);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "stagecraft: error: cannot write to standard output\n";
    return static_cast<int>(stagecraft::Exit::BadInput);
  }
  return static_cast<int>(exit);
}
