#pragma once

#include <cstdint>
#include <string>

#include "base/units.h"

namespace stagecraft {

/// A GPU. Peaks are dense (no structured sparsity); 0 where the device has no such format.
struct Device {
  std::string name = "device";
  FlopRate half;  ///< bf16 or fp16 with fp32 accumulation, tensor cores
  FlopRate tf32;
  FlopRate fp8;
  FlopRate single;  ///< fp32, vector units
  Bytes memory;
  ByteRate bandwidth;           ///< of device memory
  std::int64_t processors = 1;  ///< streaming multiprocessors
  bool operator==(const Device&) const = default;
};

/// A way for data: latency + bytes / bandwidth. `bandwidth` is one direction, of one device.
struct Link {
  std::string name = "link";
  Duration latency{0};
  ByteRate bandwidth;
  bool operator==(const Link&) const = default;
};

/// Equal nodes of equal devices. A device reaches its node's devices over `intra` and others over `inter`.
struct Cluster {
  std::string name = "cluster";
  std::int64_t nodes = 1;
  std::int64_t devices_per_node = 1;
  Device device;
  Link intra;
  Link inter;  ///< a device's share of its node's network
  bool operator==(const Cluster&) const = default;

  std::int64_t devices() const { return nodes * devices_per_node; }
};

}  // namespace stagecraft
