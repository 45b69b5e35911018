#pragma once

#include <string>

#include "base/error.h"

namespace stagecraft {

/// The whole text of the InputError that `action` throws; "no error" where it throws none.
template <class Action>
std::string error_of(const Action& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace stagecraft
