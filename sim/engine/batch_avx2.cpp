#include <immintrin.h>

#include <cstdint>

#define STAGECRAFT_VECTOR_BYTES 32
#define STAGECRAFT_KERNEL_SET kAvx2Kernels

namespace stagecraft {
namespace {

typedef std::uint32_t Indices __attribute__((vector_size(STAGECRAFT_VECTOR_BYTES), may_alias));

inline Indices look_up(const std::uint32_t* table, Indices at) {
  return reinterpret_cast<Indices>(
      _mm256_i32gather_epi32(reinterpret_cast<const int*>(table), reinterpret_cast<__m256i>(at), 4));
}

}  // namespace
}  // namespace stagecraft

#include "sim/engine/batch_kernel.inc"
