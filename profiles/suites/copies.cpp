// Copies between pinned host memory and the device, within the device, and memset; alone, with the opposite
// direction busy, and beside a product. Pinned memory is checked in CUPTI's records: a pageable copy would
// measure the host.
#include <fmt/format.h>

#include <algorithm>

#include "profiles/suites/case.h"

namespace stagecraft {

namespace {

constexpr std::size_t kPinned = std::size_t{1} << 30;

struct Direction {
  cudaMemcpyKind kind;
  void copy(char* host, char* device, std::size_t bytes, cudaStream_t stream) const {
    const bool up = kind == cudaMemcpyHostToDevice;
    check(cudaMemcpyAsync(up ? device : host, up ? host : device, bytes, kind, stream), "a copy");
  }
  Direction opposite() const {
    return {kind == cudaMemcpyHostToDevice ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice};
  }
};

Direction direction_of(std::string_view family) {
  return {family.find("h2d") != std::string_view::npos ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost};
}

/// An event of `bench.other()` that the measured stream waits for: what runs beside has begun.
void wait_for_other(const Bench& bench) {
  static cudaEvent_t begun = [] {
    cudaEvent_t event = nullptr;
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "an event");
    return event;
  }();
  check(cudaEventRecord(begun, bench.other()), "an event");
  check(cudaStreamWaitEvent(bench.stream(), begun, 0), "waiting for an event");
}

/// The opposite direction: a little to begin with, then more than twice as much as is measured.
std::function<void()> opposite_traffic(Bench& bench, Direction direction, std::size_t bytes) {
  const std::size_t size = std::max<std::size_t>(bytes, std::size_t{1} << 20);
  auto* device = static_cast<char*>(bench.output(size));
  return [&bench, direction, device, size] {
    const Direction other = direction.opposite();
    other.copy(pinned_memory(1), device, std::min(size, std::size_t{1} << 16), bench.other());
    wait_for_other(bench);
    for (int i = 0; i < 3; ++i) other.copy(pinned_memory(1), device, size, bench.other());
  };
}

Case host_copy(Bench& bench, const SuitePoint& point, std::size_t bytes) {
  if (bytes > kPinned) throw NotHere("it is larger than the pinned memory");
  const Direction direction = direction_of(point.family);
  auto* device = static_cast<char*>(bench.output(bytes));
  Case ready;
  ready.bytes = static_cast<double>(bytes);
  ready.launch = [&bench, direction, device, bytes](int) {
    direction.copy(pinned_memory(0), device, bytes, bench.stream());
  };
  if (point.at("ways") == 2) ready.beside = opposite_traffic(bench, direction, bytes);
  return ready;
}

Case device_copy(Bench& bench, std::size_t bytes) {
  void* from = bench.input(Number::Bf16, bytes);
  void* to = bench.output(bytes);
  Case ready;
  ready.bytes = 2 * static_cast<double>(bytes);
  ready.launch = [&bench, from, to, bytes](int) {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, bench.stream()), "a copy");
  };
  return ready;
}

Case memset_case(Bench& bench, std::size_t bytes) {
  void* to = bench.output(bytes);
  Case ready;
  ready.bytes = static_cast<double>(bytes);
  ready.launch = [&bench, to, bytes](int) {
    check(cudaMemsetAsync(to, 0, bytes, bench.stream()), "a memset");
  };
  return ready;
}

/// The copy is measured on the other stream, while products run on the main one.
Case copy_beside_product(Bench& bench, const SuitePoint& point, std::size_t bytes) {
  const Direction direction = direction_of(point.family);
  auto* device = static_cast<char*>(bench.output(bytes));
  // Fills the device for 1.5 ms or more on an H100; it runs on bench.stream(), so the copy takes the other
  // one.
  const auto run_product = gemm_case(bench, product(8192, 8192, 8192)).launch;
  Case ready;
  ready.bytes = static_cast<double>(bytes);
  ready.stream = bench.other();
  // Twice the time of the copy at 50 GB/s.
  const int products = 2 + static_cast<int>(static_cast<double>(bytes) / 50e9 / 1.5e-3 * 2);
  ready.beside = [run_product, products] {
    for (int i = 0; i < products; ++i) run_product(0);
  };
  ready.launch = [&bench, direction, device, bytes](int) {
    direction.copy(pinned_memory(0), device, bytes, bench.other());
  };
  return ready;
}

/// The product is measured, while copies of `bytes` run on the other stream.
Case product_beside_copy(Bench& bench, const SuitePoint& point, std::size_t bytes) {
  const Direction direction = direction_of(point.family);
  auto* device = static_cast<char*>(bench.output(bytes));
  Case ready = gemm_case(bench, product(8192, 8192, 8192));
  // Enough copies for some 5 ms at 60 GB/s, whatever their size.
  const int copies = 1 + static_cast<int>(0.3e9 / static_cast<double>(bytes));
  ready.beside = [&bench, direction, device, bytes, copies] {
    direction.copy(pinned_memory(0), device, std::min(bytes, std::size_t{1} << 16), bench.other());
    wait_for_other(bench);
    for (int i = 0; i < copies; ++i) direction.copy(pinned_memory(0), device, bytes, bench.other());
  };
  return ready;
}

}  // namespace

// Kept for the life of the process: pinning a GiB takes longer than all its copies.
char* pinned_memory(int half) {
  static char* memory = [] {
    void* data = nullptr;
    check(cudaHostAlloc(&data, 2 * kPinned, cudaHostAllocDefault), "pinned host memory");
    std::fill_n(static_cast<unsigned char*>(data), 2 * kPinned, static_cast<unsigned char>(0x5A));
    return static_cast<char*>(data);
  }();
  return memory + static_cast<std::size_t>(half) * kPinned;
}

Case copy_case(Bench& bench, const SuitePoint& point) {
  const auto bytes = static_cast<std::size_t>(point.at("bytes"));
  if (point.family == "copy-d2d") return device_copy(bench, bytes);
  if (point.family == "memset") return memset_case(bench, bytes);
  if (point.family.starts_with("gemm-beside")) return product_beside_copy(bench, point, bytes);
  if (point.family.ends_with("beside-gemm")) return copy_beside_product(bench, point, bytes);
  return host_copy(bench, point, bytes);
}

}  // namespace stagecraft
