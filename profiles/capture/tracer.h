#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "profiles/capture/join.h"

namespace stagecraft {

/// How CUPTI's activity records are collected.
struct TracerOptions {
  std::size_t buffer_bytes = std::size_t{8} << 20;  ///< 25,000 launches a buffer
  int buffers = 4;                                  ///< made and touched before the first launch
  int most_buffers = 64;                            ///< above this, CUPTI is refused and drops records
  bool driver_calls = true;                         ///< off where the host's time of a launch is measured
  bool ranges = false;                              ///< NVTX ranges too, and threads by the system's numbers
  /// Takes the records of each buffer as it comes back, on a thread of CUPTI's, several at once; drain() then
  /// has none. Must not call CUPTI, and throw at most std::bad_alloc, with which they count as dropped.
  std::function<void(Capture&&)> sink = {};
};

/// Collects what the device does, by CUPTI's Activity API with concurrent kernels kept concurrent. One at a
/// time in a process, and one session of it: CUPTI before 13.1 mistakes ids of graphs in later sessions.
///
/// Made before the first CUDA call that makes a context; check_driver() first. No lock of ours is held while
/// CUPTI is called, and buffers come from a pool that is already in memory, because an allocation inside
/// CUPTI's callback would lengthen the launch that caused it.
class Tracer {
 public:
  /// Throws CaptureError: another profiler is in this process (named), or CUPTI refuses.
  explicit Tracer(const TracerOptions& options = {});
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Everything launched by this thread until the end of the scope belongs to the operator call `id`.
  class Scope {
   public:
    explicit Scope(std::uint64_t id);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
  };

  /// What was recorded since the last drain. The caller has synchronised the device, which CUPTI does not do.
  /// `expected_ids`: operator calls since then; where fewer are complete, CUPTI is made to hand out all.
  Capture drain(std::size_t expected_ids);

  /// Records that CUPTI or the lack of buffers lost since the last drain() or the last call of this.
  std::size_t dropped();

  /// Ends the session. Called by the destructor at the latest.
  void stop();

  /// "CUPTI 13.0 (130001)".
  static std::string version();
};

}  // namespace stagecraft
