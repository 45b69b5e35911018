#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "profiles/capture/records.h"

namespace stagecraft {

/// What the device did for one call of an operator of a traced program: all that was launched while one
/// instance of a range was the innermost one of its thread, or one kernel, copy or fill outside of ranges.
struct AttachedCall {
  /// Anything but Whole is counted and its time is not used.
  enum class State : std::uint8_t {
    Whole,
    BadTime,     ///< the times of one of its records are missing
    InOverhead,  ///< CUPTI was at work meanwhile
    Unfinished,  ///< the end of its range is not known
  };

  std::string name;             ///< path of ranges, "step/forward", or operator_name() of the kernel
  std::uint64_t device_ns = 0;  ///< sum over kernels, copies and fills: without gaps, all devices together
  std::size_t spans = 0;
  std::string kernel;  ///< the longest one's name, as mangled; empty for a copy or a fill
  bool in_range = false;
  State state = State::Whole;
};

/// The calls of one process, and how much could not be placed and why.
struct AttachedCalls {
  std::vector<AttachedCall> calls;  ///< those in ranges by thread and time, then the others by time
  std::size_t ranges = 0;           ///< recorded, whether or not something was launched in them
  std::size_t bad_marks = 0;  ///< ends of ranges without time, thread or the other end: what was launched in
                              ///< such a range counts as the enclosing one's
  std::size_t without_call = 0;  ///< device records whose API call is missing: taken as outside of ranges
  std::size_t ambiguous = 0;     ///< device records whose API call was made on two threads: left out
  std::size_t lost = 0;          ///< device records without times, outside of ranges
};

/// Ties device records by their correlation to the API call that launched them, and that by thread and time
/// to the innermost range open when it was made. Order does not matter. Throws CaptureError where records
/// were dropped. O(n log n).
AttachedCalls operator_calls(const Capture& capture);

}  // namespace stagecraft
