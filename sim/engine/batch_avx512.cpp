#include <immintrin.h>

#include <cstdint>

#define STAGECRAFT_VECTOR_BYTES 64
#define STAGECRAFT_KERNEL_SET kAvx512Kernels

namespace stagecraft {
namespace {

typedef std::uint32_t Indices __attribute__((vector_size(STAGECRAFT_VECTOR_BYTES), may_alias));

inline Indices look_up(const std::uint32_t* table, Indices at) {
  // With a mask, though of all lanes: without one, GCC 12 warns of its own header.
  return reinterpret_cast<Indices>(
      _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xFFFF, reinterpret_cast<__m512i>(at), table, 4));
}

}  // namespace
}  // namespace stagecraft

#include "sim/engine/batch_kernel.inc"
