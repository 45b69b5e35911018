#include "profiles/suites/cudnn_descriptor.h"

#include <fmt/format.h>

#include "profiles/suites/bench.h"

namespace stagecraft {

void check_dnn(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> text{};
  cudnnGetLastErrorString(text.data(), text.size());
  throw NotHere(fmt::format("cuDNN: {}: {} {}", what, cudnnGetErrorString(status), text.data()));
}

cudnnHandle_t cudnn_handle() {
  static cudnnHandle_t made = [] {
    cudnnHandle_t result = nullptr;
    if (const cudnnStatus_t status = cudnnCreate(&result); status != CUDNN_STATUS_SUCCESS)
      throw DeviceError(fmt::format("cuDNN does not start: {}", cudnnGetErrorString(status)));
    return result;
  }();
  return made;
}

void describe(Descriptor& tensor, std::int64_t id, cudnnDataType_t type, const Four& sizes,
              const Four& strides, Kept kept) {
  const bool yes = true;
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{kept == Kept::ByValue ? 4 : 16});
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, sizes.data());
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides.data());
  if (kept == Kept::ByValue) tensor.set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &yes);
  if (kept == Kept::Nowhere) tensor.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &yes);
  tensor.finalize("a tensor");
}

}  // namespace stagecraft
