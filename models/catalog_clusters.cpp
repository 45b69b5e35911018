#include <vector>

#include "models/catalog.h"

namespace stagecraft {
namespace {

constexpr double kTera = 1e12;
constexpr double kGiga = 1e9;

struct DeviceFacts {
  double half_tflops, tf32_tflops, fp8_tflops, single_tflops;
  std::int64_t memory_gib;
  double bandwidth_gb;
  std::int64_t processors;
};

Preset<Device> device(std::string_view name, std::string_view summary, std::string_view source,
                      const DeviceFacts& f, std::string_view note) {
  return {name,
          summary,
          source,
          {.name = std::string(name),
           .half = {f.half_tflops * kTera},
           .tf32 = {f.tf32_tflops * kTera},
           .fp8 = {f.fp8_tflops * kTera},
           .single = {f.single_tflops * kTera},
           .memory = {f.memory_gib << 30},
           .bandwidth = {f.bandwidth_gb * kGiga},
           .processors = f.processors},
          note};
}

constexpr std::string_view kElsewhere =
    "datasheet peaks with efficiencies fitted on A100; not compared with measurements";

constexpr std::string_view kVolta = "NVIDIA V100 datasheet (SXM2) and Tesla V100 architecture white paper";
constexpr std::string_view kAmpere = "NVIDIA A100 datasheet (SXM) and A100 architecture white paper";
constexpr std::string_view kHopper = "NVIDIA H100 datasheet (SXM) and H100 architecture white paper";

std::vector<Preset<Device>> devices() {
  return {
      device("v100-16", "V100 SXM2, 16 GB HBM2", kVolta, {125, 0, 0, 15.7, 16, 900, 80}, kElsewhere),
      device("v100-32", "V100 SXM2, 32 GB HBM2", kVolta, {125, 0, 0, 15.7, 32, 900, 80}, kElsewhere),
      device("a10", "A10, 24 GB GDDR6, PCIe", "NVIDIA A10 datasheet", {125, 62.5, 0, 31.2, 24, 600, 72},
             kElsewhere),
      device("a100-40", "A100 SXM, 40 GB HBM2", kAmpere, {312, 156, 0, 19.5, 40, 1555, 108}, kFittedHere),
      device("a100-80", "A100 SXM, 80 GB HBM2e", kAmpere, {312, 156, 0, 19.5, 80, 2039, 108}, kFittedHere),
      device("h100", "H100 SXM, 80 GB HBM3", kHopper, {989.4, 494.7, 1978.9, 66.9, 80, 3350, 132},
             kElsewhere),
      device("h200", "H200 SXM, 141 GB HBM3e", "NVIDIA H200 datasheet (SXM)",
             {989.4, 494.7, 1978.9, 66.9, 141, 4800, 132}, kElsewhere),
      device("b200", "B200 SXM, 180 GB HBM3e", "NVIDIA DGX B200 datasheet, an eighth of the system",
             {2250, 1125, 4500, 75, 180, 8000, 148}, kElsewhere),
  };
}

Preset<Link> link(std::string_view name, std::string_view summary, std::string_view source,
                  double gb_per_second, std::int64_t latency_ns) {
  return {name,
          summary,
          source,
          {.name = std::string(name), .latency = Duration{latency_ns}, .bandwidth = {gb_per_second * kGiga}}};
}

/// Bandwidths are of one direction. Latencies are no datasheet's: rounded one-step latencies of NCCL's rings.
std::vector<Preset<Link>> links() {
  constexpr std::string_view kNvlink = "NVIDIA NVLink and NVSwitch product page (half of the two-way figure)";
  constexpr std::string_view kPcie = "PCI-SIG: 8, 16, 32 GT/s per lane, 16 lanes, 128b/130b";
  constexpr std::string_view kInfiniband = "InfiniBand Trade Association roadmap, 4 lanes: EDR, HDR, NDR";
  return {
      link("nvlink2", "NVLink 2 (V100), 6 bricks", kNvlink, 150, 2000),
      link("nvlink2-pair", "NVLink 2, two bricks to a neighbour (Summit)", kNvlink, 50, 2000),
      link("nvlink3", "NVLink 3 (A100), 12 bricks", kNvlink, 300, 2000),
      link("nvlink4", "NVLink 4 (H100, H200), 18 bricks", kNvlink, 450, 2000),
      link("nvlink5", "NVLink 5 (B200), 18 bricks", kNvlink, 900, 2000),
      link("pcie3", "PCI Express 3.0 x16", kPcie, 15.75, 3000),
      link("pcie4", "PCI Express 4.0 x16", kPcie, 31.5, 3000),
      link("pcie5", "PCI Express 5.0 x16", kPcie, 63, 3000),
      link("ib-edr", "InfiniBand EDR, 100 Gbit/s", kInfiniband, 12.5, 5000),
      link("ib-hdr", "InfiniBand HDR, 200 Gbit/s", kInfiniband, 25, 5000),
      link("ib-ndr", "InfiniBand NDR, 400 Gbit/s", kInfiniband, 50, 5000),
  };
}

struct NodeFacts {
  std::int64_t devices;
  std::string_view device, intra, inter;
  double network_share;  ///< network ports per device
  std::int64_t nodes = 1;
};

template <typename T>
T named(std::span<const Preset<T>> presets, std::string_view name) {
  return find_preset(presets, name)->value;
}

Preset<Cluster> cluster(std::string_view name, std::string_view summary, std::string_view source,
                        const NodeFacts& f) {
  Cluster value{.name = std::string(name),
                .nodes = f.nodes,
                .devices_per_node = f.devices,
                .device = named(device_presets(), f.device),
                .intra = named(link_presets(), f.intra),
                .inter = named(link_presets(), f.inter)};
  value.inter.bandwidth.per_second *= f.network_share;
  return {name, summary, source, value};
}

std::vector<Preset<Cluster>> clusters() {
  return {
      cluster("dgx-a100", "8 A100-80, NVSwitch, 8 HDR ports", "NVIDIA DGX A100 system architecture",
              {8, "a100-80", "nvlink3", "ib-hdr", 1}),
      cluster("dgx-h100", "8 H100, NVSwitch, 8 NDR ports", "NVIDIA DGX H100 datasheet",
              {8, "h100", "nvlink4", "ib-ndr", 1}),
      cluster("dgx-h200", "8 H200, NVSwitch, 8 NDR ports", "NVIDIA DGX H200 datasheet",
              {8, "h200", "nvlink4", "ib-ndr", 1}),
      cluster("dgx-b200", "8 B200, NVSwitch, 8 NDR ports", "NVIDIA DGX B200 datasheet",
              {8, "b200", "nvlink5", "ib-ndr", 1}),
      cluster("dgx-1-v100", "8 V100-32, NVLink cube mesh, 4 EDR ports", "NVIDIA DGX-1 system architecture",
              {8, "v100-32", "nvlink2", "ib-edr", 0.5}),
      cluster("a10-box", "8 A10 on PCI Express, 1 EDR port: a common server, no product",
              "NVIDIA A10 datasheet for the card; the network is an assumption",
              {8, "a10", "pcie4", "ib-edr", 0.125}),
      cluster("selene", "384 nodes of 8 A100-80 with 8 HDR ports: the 3,072 GPUs of the paper",
              "Narayanan et al., SC 2021, section 5", {8, "a100-80", "nvlink3", "ib-hdr", 1, 384}),
      cluster("summit-node", "6 V100-16, NVLink pairs of 50 GB/s, 2 EDR ports",
              "Oak Ridge Leadership Computing Facility, Summit user guide",
              {6, "v100-16", "nvlink2-pair", "ib-edr", 1.0 / 3}),
  };
}

}  // namespace

std::span<const Preset<Device>> device_presets() {
  static const std::vector<Preset<Device>> presets = devices();
  return presets;
}

std::string constants_note(const Device& device) {
  for (const Preset<Device>& preset : device_presets()) {
    if (preset.value == device)
      return preset.note == kFittedHere ? "" : std::string(preset.name) + ": " + std::string(preset.note);
  }
  return "a device of the scenario's own: efficiencies fitted on A100; not compared with measurements";
}

std::span<const Preset<Link>> link_presets() {
  static const std::vector<Preset<Link>> presets = links();
  return presets;
}

std::span<const Preset<Cluster>> cluster_presets() {
  static const std::vector<Preset<Cluster>> presets = clusters();
  return presets;
}

}  // namespace stagecraft
