#pragma once

#include <string>
#include <vector>

namespace stagecraft {

/// What a program that ran to its end left behind.
struct ChildResult {
  int status = 0;    ///< its exit status; 128 and more: a signal ended it
  std::string text;  ///< both outputs, where they were asked for
};

/// Runs a program and waits. Its output goes where ours goes, or is captured. `words` are without its name.
/// Throws InputError where it cannot be started.
ChildResult run_child(const std::string& program, const std::vector<std::string>& words, bool capture);

/// A program that ships beside this one; empty where it is not there. The environment variable
/// `override_name`, where it is set, names another.
std::string find_sibling(const std::string& name, const char* override_name);

}  // namespace stagecraft
