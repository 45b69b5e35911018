#pragma once

#include "scenarios/cli/commands.h"

namespace stagecraft {

/// `stagecraft profile import TRACE... --output TABLE`: a table of traces of PyTorch's profiler.
Exit import_command(const Arguments& arguments, Streams& streams);

/// `stagecraft profile merge A B... --output TABLE`: one table of several of one device.
Exit merge_command(const Arguments& arguments, Streams& streams);

/// `stagecraft profile summary TABLE [--svg FILE]`: what the rows reach, as text and as a roofline.
Exit summary_command(const Arguments& arguments, Streams& streams);

/// `stagecraft profile check ROWS`: what layers, steps and rounds took end to end against what the table's
/// other rows predict.
Exit check_passes_command(const Arguments& arguments, Streams& streams);

}  // namespace stagecraft
