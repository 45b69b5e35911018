// The library that CUDA loads into a traced program (CUDA_INJECTION64_PATH) and whose InitializeInjection()
// it calls once, inside cuInit(). Records are written as buffers fill, so that a program that crashes leaves
// what it did until then. Nothing here may end the program or throw into it.
#include "profiles/attach/injection.h"

#include <cuda.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "profiles/attach/capture_text.h"
#include "profiles/capture/tracer.h"

namespace stagecraft {

namespace {

/// 3,000 launches a buffer: what a crash may lose.
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
constexpr int kBuffers = 16;
constexpr int kMostBuffers = 256;

/// Written by CUPTI's thread and by the program's own until the process is gone: so it is never destroyed.
struct Injection {
  std::mutex mutex;
  int file = -1;
  pid_t process = 0;
  std::size_t bytes = 0;
  CaptureText text;
  std::unique_ptr<Tracer> tracer;
  std::atomic<bool> finished = false;
};

Injection& injection() {
  static auto* state = new Injection;
  return *state;
}

/// A process that replaced itself by another program (exec) keeps its number: the second opens ".1".
int open_file(const char* start) {
  constexpr int kMostPrograms = 100;
  for (int i = 0; i < kMostPrograms; ++i) {
    const std::string path = fmt::format("{}.{}.{}{}", start, getpid(), i, kCaptureEnding);
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file >= 0 || errno != EEXIST) return file;
  }
  return -1;
}

/// REQUIRES: the mutex is held.
void write_all(Injection& state, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(state.file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // the disk is full: the reader sees that the end is missing
    state.bytes += static_cast<std::size_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t records_of(const Capture& capture) {
  return capture.spans.size() + capture.calls.size() + capture.marks.size() + capture.bad_times.size();
}

void take(Capture&& capture) {
  Injection& state = injection();
  const std::lock_guard lock(state.mutex);
  Capture over;
  over.dropped = records_of(capture);
  write_all(state, state.text.lines(state.bytes < kMostCaptureBytes ? capture : over));
}

/// CUPTI does not wait for the device, and what still runs has no end yet. Only a context that is there, on
/// this thread: asking for another would make one. By the driver that the program has loaded.
void wait_for_device() {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
  if (!driver) return;
  auto* current = reinterpret_cast<CUresult (*)(CUcontext*)>(dlsym(driver, "cuCtxGetCurrent"));
  auto* synchronize = reinterpret_cast<CUresult (*)()>(dlsym(driver, "cuCtxSynchronize"));
  CUcontext context = nullptr;
  if (current && synchronize && current(&context) == CUDA_SUCCESS && context) synchronize();
}

void finish_once(Injection& state) {
  std::string last;
  try {
    wait_for_device();
    state.tracer->stop();
    Capture lost;
    lost.dropped = state.tracer->dropped();
    last = state.text.lines(lost) + CaptureText::end();
  } catch (const std::exception& error) {
    last = CaptureText::error(error.what());
  }
  const std::lock_guard lock(state.mutex);
  write_all(state, last);
}

/// From exit(), quick_exit() or the unloading of this library, whichever comes first. A child that was forked
/// inherits the handlers, but neither CUDA nor a file of its own.
void finish() {
  Injection& state = injection();
  if (!state.tracer || getpid() != state.process || state.finished.exchange(true)) return;
  finish_once(state);
}

__attribute__((destructor)) void on_unload() {
  finish();
}

void start() {
  const char* path = std::getenv(kCaptureVariable);
  Injection& state = injection();
  if (!path || state.file >= 0) return;
  state.process = getpid();
  state.file = open_file(path);
  if (state.file < 0) return;  // the reader explains that there is no capture
  write_all(state, CaptureText::header(static_cast<std::uint32_t>(state.process)));
  try {
    state.tracer = std::make_unique<Tracer>(TracerOptions{.buffer_bytes = kBufferBytes,
                                                          .buffers = kBuffers,
                                                          .most_buffers = kMostBuffers,
                                                          .ranges = true,
                                                          .sink = take});
    std::atexit(finish);
    std::at_quick_exit(finish);
  } catch (const std::exception& error) {
    write_all(state, CaptureText::error(error.what()));
  }
}

}  // namespace

}  // namespace stagecraft

/// Called by the driver. 1: initialised; what went wrong is in the capture.
extern "C" __attribute__((visibility("default"))) int InitializeInjection() {
  try {
    stagecraft::start();
  } catch (...) {  // the program runs on without a trace
  }
  return 1;
}
