#pragma once

#include <string>

namespace stagecraft {

/// A device's state at a moment; 0 where it is not known.
struct DeviceState {
  unsigned sm_mhz = 0;
  unsigned memory_mhz = 0;
  double power_w = 0;
  unsigned temperature_c = 0;
  unsigned long long throttle = 0;  ///< nvmlClocksThrottleReasons, a set of bits; 4: the power limit
};

/// The driver's management library, loaded at run time: without it everything is 0 and measuring goes on.
/// Reads only.
class Nvml {
 public:
  /// `pci_bus_id` as the runtime gives it ("0000:19:00.0"): NVML counts devices in another order than CUDA.
  explicit Nvml(const std::string& pci_bus_id);

  DeviceState read() const;
  std::string driver_version() const;

 private:
  void* library_ = nullptr;
  void* device_ = nullptr;
};

}  // namespace stagecraft
