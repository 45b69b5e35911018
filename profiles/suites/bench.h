#pragma once

#include <cuda_runtime_api.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "profiles/capture/nvml.h"
#include "profiles/suites/kernels.h"

namespace stagecraft {

/// A call of a CUDA library failed; the process cannot go on with this point, or at all.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// This point cannot be measured here: too large for the memory, or the library has no kernel for it.
class NotHere : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws DeviceError with `what` and CUDA's words.
void check(cudaError_t error, const char* what);

/// Device memory of one kind of content, cut into slices.
class Arena {
 public:
  explicit Arena(std::size_t bytes);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// 256-byte aligned. Throws NotHere where it does not fit.
  void* slice(std::size_t bytes);
  void reset() { used_ = 0; }
  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_;
  std::size_t used_ = 0;
};

/// The device that is measured, with its streams and memory. Filling memory takes longer than most kernels:
/// so it is done once for each number format, and every point takes slices.
class Bench {
 public:
  explicit Bench(int device);
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  const cudaDeviceProp& device() const { return device_; }
  const Nvml& nvml() const { return *nvml_; }
  cudaStream_t stream() const { return stream_; }  ///< what is measured
  cudaStream_t high() const { return high_; }      ///< the same, with the highest priority
  cudaStream_t other() const { return other_; }    ///< what runs beside it, with the lowest

  /// Random numbers of the format, read only.
  void* input(Number format, std::size_t bytes);
  /// Memory to write to.
  void* output(std::size_t bytes);
  /// Gives all slices back.
  void reset();

  /// How many sets of operands of `bytes` each make one rotation larger than three L2 caches; 1 for a warm
  /// cache.
  int copies(std::size_t bytes, const std::string& cache) const;
  std::size_t l2_bytes() const { return static_cast<std::size_t>(device_.l2CacheSize); }
  /// Writes twice the L2 cache, so that nothing else is in it.
  void flush_l2();

 private:
  std::size_t share_of_memory(std::size_t most) const;

  cudaDeviceProp device_{};
  std::unique_ptr<Nvml> nvml_;
  cudaStream_t stream_ = nullptr;
  cudaStream_t high_ = nullptr;
  cudaStream_t other_ = nullptr;
  std::map<Number, std::unique_ptr<Arena>> inputs_;
  std::unique_ptr<Arena> output_;
  std::unique_ptr<Arena> scratch_;
};

/// A new event that orders streams and keeps no time. Throws DeviceError.
cudaEvent_t untimed_event();

}  // namespace stagecraft
