#pragma once

#include <string>
#include <vector>

namespace stagecraft {

/// What a program that ran to its end left behind.
struct ChildResult {
  int status = 0;    ///< its exit status; 128 and more: a signal ended it
  std::string text;  ///< both outputs, where they were asked for
};

/// How a program is run.
struct ChildOptions {
  bool capture = false;                    ///< both outputs into ChildResult; else they go where ours go
  std::vector<std::string> environment{};  ///< NAME=VALUE, beside our own variables or in their place
  /// Ctrl-C on the terminal ends the program as it would alone, and we go on with what it left.
  bool outlives_interrupts = false;
};

/// Runs a program, found on the PATH, and waits. `words` are without its name. Throws InputError where it
/// cannot be started.
ChildResult run_child(const std::string& program, const std::vector<std::string>& words,
                      const ChildOptions& options = {});

/// A program that ships beside this one; empty where it is not there. The environment variable
/// `override_name`, where it is set, names another.
std::string find_sibling(const std::string& name, const char* override_name);

}  // namespace stagecraft
