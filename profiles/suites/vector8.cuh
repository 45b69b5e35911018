#pragma once

// Eight bf16 numbers, read and written at once (16 bytes), computed with in fp32.
#include <cuda_bf16.h>

#include <cstdint>

namespace stagecraft {

struct Vector8 {
  float v[8];
};

__device__ inline Vector8 load8(const void* data, std::int64_t at) {
  const uint4 raw = static_cast<const uint4*>(data)[at];
  const auto* pairs = reinterpret_cast<const __nv_bfloat162*>(&raw);
  Vector8 result;
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const float2 pair = __bfloat1622float2(pairs[i]);
    result.v[2 * i] = pair.x;
    result.v[2 * i + 1] = pair.y;
  }
  return result;
}

__device__ inline void store8(void* data, std::int64_t at, const Vector8& values) {
  uint4 raw;
  auto* pairs = reinterpret_cast<__nv_bfloat162*>(&raw);
#pragma unroll
  for (int i = 0; i < 4; ++i) pairs[i] = __floats2bfloat162_rn(values.v[2 * i], values.v[2 * i + 1]);
  static_cast<uint4*>(data)[at] = raw;
}

/// The sum over the block, in every thread. At most 1024 threads, a multiple of 32.
__device__ inline float block_sum(float value) {
  __shared__ float sums[32];
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
  __syncthreads();  // the last call's sums have been read
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? sums[threadIdx.x % 32] : 0.f;
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
  return value;
}

__device__ inline float block_max(float value) {
  __shared__ float maxima[32];
  for (int step = 16; step > 0; step /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, step));
  __syncthreads();
  if (threadIdx.x % 32 == 0) maxima[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? maxima[threadIdx.x % 32] : -INFINITY;
  for (int step = 16; step > 0; step /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, step));
  return value;
}

}  // namespace stagecraft
