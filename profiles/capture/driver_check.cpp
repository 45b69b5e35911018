#include "profiles/capture/driver_check.h"

#include <cuda_runtime_api.h>
#include <fmt/format.h>

namespace stagecraft {

namespace {

std::string version_text(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

DriverState::Kind kind_of(cudaError_t error, int driver_version) {
  if (driver_version == 0) return DriverState::Kind::NoDriver;
  switch (error) {
    case cudaSuccess:
      return DriverState::Kind::Ready;
    case cudaErrorStubLibrary:
      return DriverState::Kind::StubDriver;
    case cudaErrorInsufficientDriver:
      return DriverState::Kind::OldDriver;
    case cudaErrorNoDevice:
      return DriverState::Kind::NoDevice;
    default:
      return DriverState::Kind::Failed;
  }
}

}  // namespace

DriverState check_driver(int device) {
  DriverState state;
  // The stub makes even this call fail, and then says so itself below.
  const cudaError_t asked = cudaDriverGetVersion(&state.driver_version);
  cudaRuntimeGetVersion(&state.runtime_version);
  if (asked == cudaErrorStubLibrary) {
    state.kind = DriverState::Kind::StubDriver;
    return state;
  }
  const cudaError_t counted =
      state.driver_version == 0 ? cudaErrorInsufficientDriver : cudaGetDeviceCount(&state.devices);
  state.error = counted;
  state.kind = kind_of(counted, state.driver_version);
  if (state.ready() && state.devices == 0) state.kind = DriverState::Kind::NoDevice;
  if (state.ready() && (device < 0 || device >= state.devices)) state.kind = DriverState::Kind::BadDevice;
  return state;
}

std::string explain(const DriverState& state, int device) {
  switch (state.kind) {
    case DriverState::Kind::Ready:
      return {};
    case DriverState::Kind::NoDriver:
      return "no NVIDIA driver: libcuda.so.1 is not found\n"
             "      = kernels are measured on the GPU itself: install its driver, or in a container start it "
             "with "
             "--gpus all";
    case DriverState::Kind::StubDriver:
      return "the toolkit's stub stands where the NVIDIA driver should be\n"
             "      = take the toolkit's lib64/stubs out of LD_LIBRARY_PATH";
    case DriverState::Kind::OldDriver:
      return fmt::format(
          "the NVIDIA driver is too old: it supports CUDA {}, this program was built with CUDA {}\n"
          "      = install a newer driver, or build with the older toolkit",
          version_text(state.driver_version), version_text(state.runtime_version));
    case DriverState::Kind::NoDevice:
      return "the NVIDIA driver is there, but no GPU is visible\n"
             "      = see `nvidia-smi`; CUDA_VISIBLE_DEVICES may hide the GPU";
    case DriverState::Kind::BadDevice:
      return fmt::format("there is no GPU {}: this machine has {}, counted from 0", device, state.devices);
    case DriverState::Kind::Failed:
      break;
  }
  return fmt::format("CUDA does not start: {} (error {})\n      = see `nvidia-smi`",
                     cudaGetErrorString(static_cast<cudaError_t>(state.error)), state.error);
}

}  // namespace stagecraft
