#pragma once

#include <string>

namespace stagecraft {

/// Whether this machine can run CUDA programs.
struct DriverState {
  enum class Kind { Ready, NoDriver, StubDriver, OldDriver, NoDevice, BadDevice, Failed };

  Kind kind = Kind::Failed;
  int driver_version = 0;   ///< the newest CUDA that the driver supports, 13000 for 13.0; 0: there is none
  int runtime_version = 0;  ///< the CUDA that this program was built with
  int devices = 0;
  int error = 0;  ///< cudaError_t, where Kind::Failed

  bool ready() const { return kind == Kind::Ready; }
};

/// Asks the runtime alone: CUPTI says no more than "unknown error" where there is no driver, so it must not
/// be touched before this. `device`: the one that is wanted.
DriverState check_driver(int device = 0);

/// What is missing and what to do about it, in one or two lines; empty when all is there. Pure.
std::string explain(const DriverState& state, int device = 0);

}  // namespace stagecraft
