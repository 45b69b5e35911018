#pragma once

#include <string>

namespace stagecraft {

/// Answers what only a GPU can: "trace" compares CUPTI's times with events' and finds their resolution;
/// "launch-none", "launch-runtime" and "launch-all" give the host's time of a launch without CUPTI, with the
/// runtime's records and with the driver's too; "counters" reads hardware counters of a product whose FLOPs
/// are known. One in a process: CUPTI has one session. Prints "name: value" lines. Throws DeviceError,
/// CaptureError, InputError.
void probe(const std::string& question, int device);

}  // namespace stagecraft
