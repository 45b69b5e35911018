#pragma once

#include <string>
#include <vector>

namespace stagecraft {

/// A schedule to compare, and the settings that make a scenario use it.
struct Alternative {
  std::string name;                    ///< "interleaved-1f1b v=4"
  std::vector<std::string> overrides;  ///< "pipeline.schedule=interleaved-1f1b", "pipeline.chunks=4"
};

/// Reads "1f1b,interleaved-1f1b:v=2..4:b=1,gpipe": names from the registry, each with settings behind colons:
/// v chunks of a rank, b samples of a micro-batch, t, p and d the tensor, pipeline and data groups, or any
/// key of the scenario; of a range every number. Throws std::invalid_argument with what is wrong.
std::vector<Alternative> parse_alternatives(const std::string& text);

}  // namespace stagecraft
