#pragma once

#include "profiles/suites/profiler.h"

namespace stagecraft {

/// Adds hardware counts to the rows of a suite that are there, one call of each point. In a process of its
/// own, behind the one that measured the times: counting and tracing exclude each other. Rewrites the file at
/// the end, or after options.time_limit_s: what is left out is random. Throws CountersRefused where counters
/// are not permitted, DeviceError, InputError.
void count_suite(const ProfilerOptions& options);

}  // namespace stagecraft
