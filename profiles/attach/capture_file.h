#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "profiles/capture/records.h"

namespace stagecraft {

/// What one process of a traced program left behind.
struct ProcessCapture {
  std::uint32_t process = 0;
  Capture capture;
  std::string error;      ///< why it could not be traced, or not to its end; empty: it was
  bool complete = false;  ///< false: it crashed or left without its exit handlers, and its last records are
                          ///< missing
};

/// Reads the lines of CaptureText. A last line without its end is left out. Throws InputError, with `name`
/// and the number of the line.
ProcessCapture parse_capture(std::istream& in, const std::string& name);
ProcessCapture read_capture(const std::string& path);

}  // namespace stagecraft
