#pragma once

// What the kernels of a batch share with the code around them. Kernels are compiled for several instruction
// sets: this header must not bring in inline functions, of which the linker would keep one version for all.

#include <cstddef>
#include <cstdint>

namespace stagecraft {

/// Samples that go through a batch together.
inline constexpr std::size_t kLanes = 16;

/// The fraction bits of jitter factors, and how many factors there are.
inline constexpr int kJitterBits = 14;
inline constexpr std::size_t kJitterFactors = 1024;

/// out = max(prev, in[0] + latency[0], in[1] + latency[1]) + duration. Slots and rows are numbers of lines of
/// kLanes values.
struct BatchOp {
  static constexpr std::uint32_t kNever = 0;   ///< slot of inputs that are not there: before all times
  static constexpr std::uint32_t kOrigin = 1;  ///< slot of time 0

  std::uint32_t prev;
  std::uint32_t in[2];
  std::uint32_t out;
  std::uint32_t duration;    ///< row
  std::uint32_t latency[2];  ///< rows
  std::uint32_t task;        ///< for jitter
};

template <typename T>
struct alignas(64) LaneLine {
  T value[kLanes];
};

/// A call of a kernel: ops[begin .. end) on one block of samples.
template <typename T>
struct KernelCall {
  const BatchOp* ops;
  std::size_t begin;
  std::size_t end;
  LaneLine<T>* slots;
  const LaneLine<T>* rows;
  // With jitter only:
  const std::uint32_t* factors;  ///< kJitterFactors
  std::uint32_t task_seed;
  const LaneLine<std::uint32_t>* lane_keys;
};

/// The kernels of one instruction set, without and with jitter.
struct KernelSet {
  void (*narrow)(const KernelCall<std::int32_t>&);
  void (*wide)(const KernelCall<std::int64_t>&);
  void (*narrow_jitter)(const KernelCall<std::int32_t>&);
  void (*wide_jitter)(const KernelCall<std::int64_t>&);
};

extern const KernelSet kBaselineKernels;
#if defined(__x86_64__)
extern const KernelSet kAvx2Kernels;
extern const KernelSet kAvx512Kernels;
#endif

}  // namespace stagecraft
