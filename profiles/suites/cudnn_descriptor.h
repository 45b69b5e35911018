#pragma once

#include <cudnn.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace stagecraft {

/// Throws NotHere with cuDNN's words.
void check_dnn(cudnnStatus_t status, const char* what);

/// One handle for the life of the process. Throws DeviceError.
cudnnHandle_t cudnn_handle();

/// A descriptor of the backend's interface.
class Descriptor {
 public:
  explicit Descriptor(cudnnBackendDescriptorType_t type) {
    check_dnn(cudnnBackendCreateDescriptor(type, &descriptor_), "a descriptor");
  }
  ~Descriptor() {
    if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  cudnnBackendDescriptor_t get() const { return descriptor_; }
  void set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::int64_t count,
           const void* values) {
    check_dnn(cudnnBackendSetAttribute(descriptor_, name, type, count, values), "an attribute");
  }
  void set(cudnnBackendAttributeName_t name, const Descriptor& other) {
    set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &other.descriptor_);
  }
  void set(cudnnBackendAttributeName_t name, std::int64_t value) { set(name, CUDNN_TYPE_INT64, 1, &value); }
  void set_handle(cudnnBackendAttributeName_t name) {
    cudnnHandle_t library = cudnn_handle();
    set(name, CUDNN_TYPE_HANDLE, 1, &library);
  }
  cudnnStatus_t try_finalize() { return cudnnBackendFinalize(descriptor_); }
  void finalize(const char* what) { check_dnn(try_finalize(), what); }

 private:
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

using Four = std::array<std::int64_t, 4>;

/// How a tensor of a graph is kept.
enum class Kept : std::uint8_t {
  InMemory,
  ByValue,  ///< one number, read through a pointer of the host at each call
  Nowhere,  ///< between two operations only
};

/// Describes and finalizes a tensor. `id` names its data when the graph runs.
void describe(Descriptor& tensor, std::int64_t id, cudnnDataType_t type, const Four& sizes,
              const Four& strides, Kept kept = Kept::InMemory);

}  // namespace stagecraft
