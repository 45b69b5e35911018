#include "profiles/capture/nvml.h"

#include <dlfcn.h>

#include <array>

namespace stagecraft {

namespace {

constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;

/// Calls a function of the library by name; nonzero where it is not there or fails.
template <class... Args>
int call(void* library, const char* name, Args... args) {
  if (!library) return -1;
  auto* function = reinterpret_cast<int (*)(Args...)>(dlsym(library, name));
  return function ? function(args...) : -1;
}

}  // namespace

// The library stays open: the process ends soon after the last reading.
Nvml::Nvml(const std::string& pci_bus_id) : library_(dlopen("libnvidia-ml.so.1", RTLD_NOW)) {
  if (call(library_, "nvmlInit_v2") != 0) library_ = nullptr;
  if (call(library_, "nvmlDeviceGetHandleByPciBusId_v2", pci_bus_id.c_str(), &device_) != 0)
    device_ = nullptr;
}

DeviceState Nvml::read() const {
  DeviceState state;
  if (!device_) return state;
  unsigned milliwatts = 0;
  call(library_, "nvmlDeviceGetClockInfo", device_, kClockSm, &state.sm_mhz);
  call(library_, "nvmlDeviceGetClockInfo", device_, kClockMemory, &state.memory_mhz);
  call(library_, "nvmlDeviceGetPowerUsage", device_, &milliwatts);
  call(library_, "nvmlDeviceGetTemperature", device_, 0, &state.temperature_c);
  call(library_, "nvmlDeviceGetCurrentClocksThrottleReasons", device_, &state.throttle);
  state.power_w = milliwatts * 1e-3;
  return state;
}

std::string Nvml::driver_version() const {
  std::array<char, 96> text{};
  const int failed =
      call(library_, "nvmlSystemGetDriverVersion", text.data(), static_cast<unsigned>(text.size()));
  return failed ? std::string() : text.data();
}

}  // namespace stagecraft
