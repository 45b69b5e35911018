#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"

namespace stagecraft {

struct TraceEvent;

// Texts of events: what ChromeTrace keeps of arguments and numbers is JSON without blanks.

/// An argument that the filter asked for, as JSON without blanks: `[[16,4096],[]]`, `8`, `"allreduce"`; empty
/// where the event does not have it. `name` as it stands in JSON. O(text of the arguments).
std::string_view arg_of(const TraceEvent& event, std::string_view name);

/// The names and values of all arguments that were kept of an event, in file order. Names are as they stand
/// in JSON, escapes as they are; values as arg_of() gives them.
std::vector<std::pair<std::string_view, std::string_view>> args_of(const TraceEvent& event);

/// The elements of a JSON array, as arg_of() gives it, each as it stands; none where it is no array.
std::vector<std::string_view> elements_of(std::string_view json_array);

/// A JSON string without its quotes, escapes as they are; other values unchanged.
std::string_view unquoted(std::string_view json);

/// The text that a JSON string stands for, escapes resolved; other values unchanged.
std::string text_of(std::string_view json);

/// A whole number; nothing where the text is none, or one that does not fit.
std::optional<std::int64_t> integer_of(std::string_view text);

/// A time as traces write it, microseconds in decimals, rounded to nanoseconds; nothing where it is none, or
/// one that does not fit.
std::optional<Duration> from_microseconds(std::string_view text);

}  // namespace stagecraft
