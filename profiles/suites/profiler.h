#pragma once

#include <string>

#include "profiles/raw_rows.h"
#include "profiles/suite_points.h"

namespace stagecraft {

/// What one process of the profiler does.
struct ProfilerOptions {
  std::string suite;
  std::string rows;     ///< the file that grows
  std::string command;  ///< for its header
  int device = 0;
  int passes = 2;
  bool quick = false;
  double time_limit_s = 0;  ///< 0: none. What it cuts off is a random sample; all passes get the same points
};

/// Measures a suite, or what an earlier run left of it. check_driver() first. Throws DeviceError,
/// CaptureError, InputError. Progress goes to standard error, on a terminal only.
void profile_suite(const ProfilerOptions& options);

/// What a file of rows of this device begins with. Makes a context.
RowsHeader describe_device(const ProfilerOptions& options);

}  // namespace stagecraft
