#include <cstdint>

#define STAGECRAFT_VECTOR_BYTES 16
#define STAGECRAFT_KERNEL_SET kBaselineKernels

namespace stagecraft {
namespace {

typedef std::uint32_t Indices __attribute__((vector_size(STAGECRAFT_VECTOR_BYTES), may_alias));

inline Indices look_up(const std::uint32_t* table, Indices at) {
  return Indices{table[at[0]], table[at[1]], table[at[2]], table[at[3]]};
}

}  // namespace
}  // namespace stagecraft

#include "sim/engine/batch_kernel.inc"
