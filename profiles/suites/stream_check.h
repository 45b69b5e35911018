#pragma once

#include "profiles/suites/case.h"

namespace stagecraft {

/// Runs a streaming kernel once and compares the first row with the same in double precision. Throws
/// DeviceError. The kernels whose result is a sum over rows or a table (weights' gradients, embedding
/// gradients), appending to a cache, Adam and zeros are only run.
void expect_right_stream(Bench& bench, const SuitePoint& point, const StreamKernel& kernel,
                         const StreamOperands& on);

}  // namespace stagecraft
