#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace stagecraft {

/// A model, cluster or strategy that cannot be: indivisible layers, a cycle, too few devices. `setting` is
/// the dotted key of the scenario that is to blame ("parallel.tensor"); empty where there is none, so that
/// whoever read the file can add its position.
class ModelError : public std::invalid_argument {
 public:
  ModelError(std::string setting_key, const std::string& message)
      : std::invalid_argument(message), setting(std::move(setting_key)) {}

  std::string setting;
};

}  // namespace stagecraft
