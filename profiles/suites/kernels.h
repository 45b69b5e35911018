#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stagecraft {

/// Number formats of what the kernels read and write.
enum class Number { Bf16, Fp16, Fp8, Fp32 };

/// Fills memory with numbers of mean 0 and variance 1, different for each seed: on zeros a GPU draws less
/// power and runs up to 15 % faster. fp8 is e4m3.
void fill_random(void* data, std::size_t bytes, Number format, std::uint32_t seed, cudaStream_t stream);

/// Whole numbers below `limit`, as token ids.
void fill_ids(std::int32_t* data, std::size_t count, std::int32_t limit, std::uint32_t seed,
              cudaStream_t stream);

/// A kernel that does nothing.
void launch_empty(cudaStream_t stream);

/// Operands of a kernel that streams through memory. Which are used depends on the kernel.
struct StreamOperands {
  const void* a = nullptr;
  const void* b = nullptr;
  const void* c = nullptr;
  void* x = nullptr;
  void* y = nullptr;
  void* z = nullptr;
  std::int64_t rows = 0;
  std::int64_t width = 0;  ///< a multiple of 8
  std::int64_t pitch = 0;  ///< elements between two rows of a, where a kernel knows of it; 0: width
};

/// A kernel that streams, the buffers of rows x width that it wants, and what it moves.
struct StreamKernel {
  std::string_view name;
  int inputs;                ///< of a, b, c: this many
  int outputs;               ///< of x, y
  double bytes_per_element;  ///< read and written, each operand once
  void (*launch)(const StreamOperands&, cudaStream_t);
};

/// The kernel of that name (rmsnorm, swiglu, ...), or null.
const StreamKernel* find_stream_kernel(std::string_view name);

}  // namespace stagecraft
