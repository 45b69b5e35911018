#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// Reads a Chrome-trace JSON as Perfetto does and says where it breaks a rule; empty: it breaks none.
///
/// Rules: pid and tid are integers from 1; metadata has no "ts" and its sort index is an integer; every
/// process and thread with events is named; times are not negative and have at most 3 decimals; X slices on
/// a thread are in order of time and nest; an arrow's id is unique within its category and name, has one "s"
/// and one "f", not before the "s" in time; "s" comes after its slice in the file and lies inside it; "f" has
/// "bp":"e" and is at the start of a slice; counters are numeric, in order of time, and have args.
std::vector<std::string> broken_trace_rules(std::string_view json);

}  // namespace stagecraft
