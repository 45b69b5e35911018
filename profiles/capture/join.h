#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "profiles/capture/records.h"

namespace stagecraft {

/// A run whose records cannot be used; what() says why and what to do.
class CaptureError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One call of an operator: all that the device did under one id.
struct OperatorCall {
  std::uint64_t id = 0;
  std::uint64_t device_ns = 0;  ///< sum over its kernels, copies and fills: without the gaps between them
  std::uint64_t start_ns = 0;   ///< of the first
  std::uint64_t end_ns = 0;     ///< of the last
  std::uint64_t api_ns = 0;     ///< the host's time in the runtime's calls; 0 where they were not recorded
  std::size_t spans = 0;
  bool pageable_host = false;
  std::string kernel;  ///< the longest one's name; empty for a copy or a fill
};

/// The calls that can be trusted, by id ascending, and how many could not and why.
struct JoinedCalls {
  std::vector<OperatorCall> calls;
  std::size_t bad_time = 0;          ///< calls with a record whose times are zero or not in order
  std::size_t in_overhead = 0;       ///< calls during which CUPTI itself was at work
  std::size_t ambiguous = 0;         ///< calls that share an API call with another id
  std::size_t without_spans = 0;     ///< ids under which the device did nothing, or its records are missing
  std::size_t spans_without_id = 0;  ///< device records that belong to no call: warm-up, other libraries
};

/// Throws CaptureError where CUPTI dropped records.
void expect_nothing_dropped(const Capture& capture);

/// Ties device records to operators: an id belongs to the API calls that were made under it, and those to
/// what they launched. Several records of one id are one call. Order does not matter. Throws CaptureError
/// where CUPTI dropped records: what is left is no sample of the run. O(records log records).
JoinedCalls join(const Capture& capture);

}  // namespace stagecraft
