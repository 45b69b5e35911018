#pragma once

#include "scenarios/cli/commands.h"

namespace stagecraft {

/// `stagecraft profile --attach --output ROWS -- COMMAND [ARGS...]`: runs the command with CUPTI loaded into
/// it and each of its processes that uses CUDA, and writes one row for each operator to ROWS. Returns the
/// command's exit status where that is not 0, after what it did until then is written. Throws UsageError,
/// InputError.
Exit attach(const Arguments& arguments, Streams& streams);

}  // namespace stagecraft
