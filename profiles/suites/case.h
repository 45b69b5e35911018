#pragma once

#include <functional>
#include <string>

#include "profiles/suite_points.h"
#include "profiles/suites/bench.h"

namespace stagecraft {

/// A point that is ready to run. What its functions hold lives as long as they do.
struct Case {
  /// Starts it once, on bench.stream() unless said otherwise, with the operands of number `copy`, 0 <= copy <
  /// copies.
  std::function<void(int copy)> launch;
  /// The same on a stream of the caller's choice; products only.
  std::function<void(int copy, cudaStream_t stream)> launch_on;
  int copies = 1;
  std::size_t copy_bytes = 0;  ///< operands of one copy: whether a rotation is larger than the cache
  double flops = 0;
  double bytes = 0;
  std::string algorithm;
  cudaStream_t stream = nullptr;  ///< where it runs, if not on bench.stream()
  /// Several kernels whose time is from the first one's start to the last one's end, not the sum of theirs.
  bool span = false;
  /// Starts what is to run beside each call, before it, and longer than it takes.
  std::function<void()> beside;
};

/// Makes a point ready. Throws NotHere or DeviceError.
using MakeCase = Case (*)(Bench& bench, const SuitePoint& point);

Case gemm_case(Bench& bench, const SuitePoint& point);
Case bandwidth_case(Bench& bench, const SuitePoint& point);
Case copy_case(Bench& bench, const SuitePoint& point);
Case interference_case(Bench& bench, const SuitePoint& point);
Case launch_case(Bench& bench, const SuitePoint& point);

#ifdef STAGECRAFT_CUDNN
Case attention_case(Bench& bench, const SuitePoint& point);
/// "cuDNN 9.19.0".
std::string attention_library();
#endif

/// A product of m, n, k: what others run beside or against.
SuitePoint product(std::int64_t m, std::int64_t n, std::int64_t k);

/// gemm_case() that uses at most `processors` of the device's, 0 for all: what a product beside another may
/// be told.
Case product_case(Bench& bench, const SuitePoint& point, int processors);

/// One of two halves, 0 and 1, of 1 GiB of pinned host memory each.
char* pinned_memory(int half);

}  // namespace stagecraft
