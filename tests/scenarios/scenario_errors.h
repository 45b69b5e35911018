#pragma once

#include <string>
#include <vector>

namespace stagecraft {

/// A scenario, settings over it, and the whole message that it must end with.
struct ErrorCase {
  std::string text;
  std::vector<std::string> overrides;
  std::string error;
};

/// Runs the text as a.yaml with every output asked for: the message, status 2, and no file left behind.
void check(const ErrorCase& one);

}  // namespace stagecraft
