#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chrome_trace.h"
#include "sim/trace/activity.h"

namespace stagecraft {

/// Which kernels and copies are communication between devices: those whose name has one of `parts`, upper and
/// lower case alike. The default names NCCL, RCCL, DeepEP's dispatch and combine (by namespace), NVSHMEM,
/// all-to-all kernels and copies between peers.
struct CommunicationRule {
  std::vector<std::string> parts = default_parts();

  static std::vector<std::string> default_parts();
  /// The first part that `name` has; empty: none, so it is no communication.
  std::string_view match(std::string_view name) const;
};

/// Kernels of one name or by one part of a rule.
struct NamedWork {
  std::string name;
  std::int64_t count = 0;
  Duration time{0};  ///< sum over them
};

/// What traces of PyTorch's profiler say of GPUs.
struct Profile {
  std::vector<RankActivity> ranks;       ///< by file, then by device; times since the first start of any
  std::vector<NamedWork> communication;  ///< what CommunicationRule found, by its parts, the most time first
  std::vector<NamedWork> ranges;  ///< named by the program (record_function), the most time first; those on
                                  ///< the GPU, or where there are none on the host
  bool ranges_on_host = false;
};

/// The categories that profile_of() needs of a trace; it needs no arguments.
std::span<const std::string_view> profile_categories();

/// What ran on every GPU of the traces: events of the categories "kernel", "gpu_memcpy" and "gpu_memset". A
/// rank is a device of a file; files are put side by side by their times since 1970 (baseTimeNanoseconds), so
/// they are as well aligned as the clocks of their hosts. A rank's window is from its first start to its last
/// end. A gap is told by what comes next: IdleCause::Queued where its launch (of the same "correlation")
/// had returned when the gap began; else Synchronization where the thread that launched it was in a call that
/// waits for the device when the gap began; else Host. Names in the result belong to `traces`. O(n log n).
/// Throws InputError (`paths` names the files): nothing runs on a GPU, times that lie too far apart.
Profile profile_of(std::span<const ChromeTrace> traces, std::span<const std::string> paths,
                   const CommunicationRule& rule);

}  // namespace stagecraft
