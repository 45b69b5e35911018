#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace stagecraft {

/// What a device did between two moments. Times are CUPTI's nanoseconds: of use as differences only, because
/// the host clock behind them may step.
struct DeviceSpan {
  enum class Kind : std::uint8_t { Kernel, Copy, Fill };

  Kind kind = Kind::Kernel;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint32_t correlation = 0;  ///< of the API call that launched it
  std::uint32_t stream = 0;
  std::uint32_t graph = 0;  ///< not 0: launched by a CUDA graph
  std::uint64_t bytes = 0;  ///< of a copy or fill
  std::uint8_t copy_kind =
      0;  ///< CUpti_ActivityMemcpyKind: 1 host to device, 2 device to host, 8 on the device
  bool pageable_host = false;  ///< a copy from or to host memory that is not pinned
  std::string name;            ///< of a kernel, as mangled; copied, because CUPTI owns the original

  std::uint64_t duration_ns() const { return end_ns - start_ns; }
  bool operator==(const DeviceSpan&) const = default;
};

/// A call of the runtime's or the driver's interface.
struct ApiSpan {
  std::uint32_t correlation = 0;
  std::uint32_t call = 0;    ///< CUPTI's number of the function
  std::uint32_t thread = 0;  ///< that made it
  bool runtime = false;      ///< of the runtime, not of the driver
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;

  bool operator==(const ApiSpan&) const = default;
};

/// When CUPTI itself was at work: a flush, a buffer asked for, a function loaded, a full command buffer. What
/// was measured at that time is not to be trusted.
struct OverheadSpan {
  std::uint32_t kind = 0;  ///< CUpti_ActivityOverheadKind
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;

  bool operator==(const OverheadSpan&) const = default;
};

/// One end of an NVTX range.
struct RangeMark {
  enum class Kind : std::uint8_t { Start, End };

  Kind kind = Kind::Start;
  std::uint32_t id = 0;      ///< the same at both ends
  std::uint32_t thread = 0;  ///< that began it; of an end, that ended it
  std::uint64_t time_ns = 0;
  std::string name;  ///< of a start; "domain:name" in a domain other than the default one

  bool operator==(const RangeMark&) const = default;
};

/// Records as they came: out of order, from several buffers.
struct Capture {
  std::vector<DeviceSpan> spans;
  std::vector<ApiSpan> calls;
  std::vector<OverheadSpan> overheads;
  std::vector<RangeMark> marks;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> ids;  ///< correlation, our id of the operator's call
  /// Correlations of device records whose times are zero or not in order: CUPTI did not collect them.
  std::vector<std::uint32_t> bad_times;
  std::size_t bad_marks = 0;  ///< ends of ranges without a time or a thread
  std::size_t unknown = 0;    ///< records of kinds that we do not read
  std::size_t dropped = 0;    ///< records that CUPTI says it lost

  /// Moves the records of `other` behind these.
  void append(Capture&& other);
};

}  // namespace stagecraft
