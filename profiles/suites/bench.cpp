#include "profiles/suites/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace stagecraft {

namespace {

constexpr std::size_t kGiB = std::size_t{1} << 30;
constexpr int kMostCopies = 256;

std::string bus_id(int device) {
  std::array<char, 32> text{};
  check(cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device), "the device's bus");
  return text.data();
}

cudaStream_t new_stream(int priority) {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, priority), "a stream");
  return stream;
}

}  // namespace

void check(cudaError_t error, const char* what) {
  if (error != cudaSuccess)
    throw DeviceError(fmt::format("{}: {} ({})", what, cudaGetErrorString(error), static_cast<int>(error)));
}

Arena::Arena(std::size_t bytes) : bytes_(bytes) {
  check(cudaMalloc(&data_, bytes), "device memory");
}

Arena::~Arena() {
  cudaFree(data_);
}

void* Arena::slice(std::size_t bytes) {
  const std::size_t wanted = (bytes + 255) / 256 * 256;
  if (wanted > bytes_ - used_)
    throw NotHere(fmt::format("its operands take more than {} bytes of device memory", bytes_));
  void* result = static_cast<char*>(data_) + used_;
  used_ += wanted;
  return result;
}

Bench::Bench(int device) {
  check(cudaSetDevice(device), "the device");
  check(cudaGetDeviceProperties(&device_, device), "the device's properties");
  nvml_ = std::make_unique<Nvml>(bus_id(device));
  int least = 0;
  int greatest = 0;
  check(cudaDeviceGetStreamPriorityRange(&least, &greatest), "priorities");
  stream_ = new_stream(0);
  high_ = new_stream(greatest);
  other_ = new_stream(least);
}

Bench::~Bench() {
  for (cudaStream_t stream : {stream_, high_, other_}) cudaStreamDestroy(stream);
}

std::size_t Bench::share_of_memory(std::size_t most) const {
  // Four formats of input, the output and the libraries' own must fit.
  return std::min(most, device_.totalGlobalMem / 8);
}

void* Bench::input(Number format, std::size_t bytes) {
  std::unique_ptr<Arena>& arena = inputs_[format];
  if (!arena) {
    arena = std::make_unique<Arena>(share_of_memory(8 * kGiB));
    fill_random(arena->data(), arena->bytes(), format, 17u + static_cast<unsigned>(format), stream_);
    check(cudaStreamSynchronize(stream_), "filling memory with random numbers");
  }
  return arena->slice(bytes);
}

void* Bench::output(std::size_t bytes) {
  if (!output_) {
    output_ = std::make_unique<Arena>(share_of_memory(8 * kGiB));
    fill_random(output_->data(), output_->bytes(), Number::Fp32, 5, stream_);
  }
  return output_->slice(bytes);
}

void Bench::reset() {
  for (auto& [format, arena] : inputs_) arena->reset();
  if (output_) output_->reset();
}

int Bench::copies(std::size_t bytes, const std::string& cache) const {
  if (cache != "cold") return 1;
  return static_cast<int>(
      std::min<std::size_t>(kMostCopies, 1 + 3 * l2_bytes() / std::max<std::size_t>(bytes, 1)));
}

void Bench::flush_l2() {
  if (!scratch_) scratch_ = std::make_unique<Arena>(std::max<std::size_t>(2 * l2_bytes(), 1));
  check(cudaMemsetAsync(scratch_->data(), 0, scratch_->bytes(), stream_), "flushing the L2 cache");
}

cudaEvent_t untimed_event() {
  cudaEvent_t event = nullptr;
  check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "an event");
  return event;
}

}  // namespace stagecraft
