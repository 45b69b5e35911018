// Random contents and the empty kernel.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "profiles/suites/kernels.h"

namespace stagecraft {

namespace {

/// 32 bits that look random, from a counter (Steele, Lea and Flood's mixer in 32 bits).
__device__ std::uint32_t hash(std::uint64_t i, std::uint32_t seed) {
  std::uint32_t h = static_cast<std::uint32_t>(i) * 2654435761u ^ static_cast<std::uint32_t>(i >> 32) ^ seed;
  h ^= h >> 16;
  h *= 0x7feb352du;
  h ^= h >> 15;
  h *= 0x846ca68bu;
  return h ^ h >> 16;
}

/// Uniform with variance 1: products of a normal distribution draw the same power as far as is known.
__device__ float unit(std::uint32_t h) {
  constexpr float kWidth = 3.4641016f;  // the square root of 12
  return (static_cast<float>(h & 0xffff) / 65536.f - 0.5f) * kWidth;
}

template <class T>
__global__ void fill(T* data, std::size_t count, std::uint32_t seed) {
  const std::size_t step = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x; i < count; i += step)
    data[i] = T(unit(hash(i, seed)));
}

__global__ void ids(std::int32_t* data, std::size_t count, std::int32_t limit, std::uint32_t seed) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i < count) data[i] = static_cast<std::int32_t>(hash(i, seed) % static_cast<std::uint32_t>(limit));
}

__global__ void empty() {}

template <class T>
void fill_as(void* data, std::size_t bytes, std::uint32_t seed, cudaStream_t stream) {
  fill<<<2048, 256, 0, stream>>>(static_cast<T*>(data), bytes / sizeof(T), seed);
}

}  // namespace

void fill_random(void* data, std::size_t bytes, Number format, std::uint32_t seed, cudaStream_t stream) {
  switch (format) {
    case Number::Bf16:
      return fill_as<__nv_bfloat16>(data, bytes, seed, stream);
    case Number::Fp16:
      return fill_as<__half>(data, bytes, seed, stream);
    case Number::Fp8:
      return fill_as<__nv_fp8_e4m3>(data, bytes, seed, stream);
    case Number::Fp32:
      return fill_as<float>(data, bytes, seed, stream);
  }
}

void fill_ids(std::int32_t* data, std::size_t count, std::int32_t limit, std::uint32_t seed,
              cudaStream_t stream) {
  ids<<<static_cast<unsigned>((count + 255) / 256), 256, 0, stream>>>(data, count, limit, seed);
}

void launch_empty(cudaStream_t stream) {
  empty<<<1, 1, 0, stream>>>();
}

}  // namespace stagecraft
