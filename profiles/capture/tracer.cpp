#include "profiles/capture/tracer.h"

#include <cupti.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

#include "profiles/capture/parse_record.h"

namespace stagecraft {

namespace {

constexpr std::uint32_t kRefusalIsSafe = 27;  // CUDA 12.9: before it, CUPTI may crash on a null buffer

constexpr std::array kKinds = {
    CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,  // not KERNEL, which serialises all kernels
    CUPTI_ACTIVITY_KIND_MEMCPY,
    CUPTI_ACTIVITY_KIND_MEMSET,
    CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION,  // its records come with those of API calls only
    CUPTI_ACTIVITY_KIND_RUNTIME,
    CUPTI_ACTIVITY_KIND_DRIVER,
    CUPTI_ACTIVITY_KIND_OVERHEAD,
    CUPTI_ACTIVITY_KIND_MARKER,
};

bool is_wanted(CUpti_ActivityKind kind, const TracerOptions& options) {
  if (kind == CUPTI_ACTIVITY_KIND_DRIVER) return options.driver_calls;
  return kind != CUPTI_ACTIVITY_KIND_MARKER || options.ranges;
}

std::string name_of(CUptiResult result) {
  const char* name = nullptr;
  cuptiGetResultString(result, &name);
  return fmt::format("{} ({})", name ? name : "unknown error", static_cast<int>(result));
}

void check(CUptiResult result, std::string_view what) {
  if (result != CUPTI_SUCCESS) throw CaptureError(fmt::format("CUPTI cannot {}: {}", what, name_of(result)));
}

struct Free {
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};
using Bytes8 = std::unique_ptr<std::uint8_t, Free>;

/// Shared with CUPTI's callbacks, which know no pointer of ours and may come from its own thread until the
/// end of the process. So it is never destroyed.
struct Shared {
  std::mutex mutex;
  TracerOptions options;
  std::uint32_t version = 0;
  std::vector<Bytes8> pool;
  int handed_out = 0;
  std::size_t refused = 0;
  Capture capture;
  CUpti_SubscriberHandle subscriber = nullptr;
  bool on = false;
};

Shared& shared() {
  static auto* state = new Shared;
  return *state;
}

/// Zeroed, which also brings every page into memory.
Bytes8 new_buffer(std::size_t bytes) {
  auto* data = static_cast<std::uint8_t*>(std::aligned_alloc(4096, bytes));
  if (data) std::memset(data, 0, bytes);
  return Bytes8(data);
}

Bytes8 take_buffer(Shared& state) {
  if (!state.pool.empty()) {
    Bytes8 buffer = std::move(state.pool.back());
    state.pool.pop_back();
    return buffer;
  }
  if (state.handed_out >= state.options.most_buffers && state.version >= kRefusalIsSafe) return nullptr;
  return new_buffer(state.options.buffer_bytes);
}

void CUPTIAPI on_request(std::uint8_t** buffer, std::size_t* bytes, std::size_t* most_records) {
  Shared& state = shared();
  const std::lock_guard lock(state.mutex);
  Bytes8 taken = take_buffer(state);
  if (taken)
    ++state.handed_out;
  else
    ++state.refused;
  *bytes = taken ? state.options.buffer_bytes : 0;
  *most_records = 0;  // as many as fit
  *buffer = taken.release();
}

/// Where the memory does not hold them, they count as dropped: nothing may be thrown into CUPTI.
void keep_records(Shared& state, std::uint8_t* data, std::size_t valid) {
  try {
    Capture capture;
    CUpti_Activity* record = nullptr;
    while (valid > 0 && cuptiActivityGetNextRecord(data, valid, &record) == CUPTI_SUCCESS)
      parse_record(record, capture);
    if (state.options.sink) return state.options.sink(std::move(capture));
    const std::lock_guard lock(state.mutex);
    state.capture.append(std::move(capture));
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(state.mutex);
    ++state.refused;
  }
}

void CUPTIAPI on_complete(CUcontext, std::uint32_t, std::uint8_t* data, std::size_t bytes,
                          std::size_t valid) {
  Bytes8 buffer(data);
  if (!buffer) return;
  Shared& state = shared();
  keep_records(state, data, valid);
  std::memset(data, 0, bytes);  // CUPTI was told that it gets zeroed buffers
  const std::lock_guard lock(state.mutex);
  state.pool.push_back(std::move(buffer));
  --state.handed_out;
}

void CUPTIAPI on_callback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

/// Activities could be had without; but subscribing is the only way to learn of another tool.
void subscribe(Shared& state) {
  std::string other;
#if CUPTI_API_VERSION >= 130000
  std::array<char, CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN> name{};
  CUpti_SubscriberParams params{};
  params.structSize = CUpti_SubscriberParams_STRUCT_SIZE;
  params.subscriberName = "stagecraft";
  params.oldSubscriberName = name.data();
  params.oldSubscriberSize = name.size();
  const CUptiResult result = cuptiSubscribe_v2(&state.subscriber, on_callback, nullptr, &params);
  other = name.data();
#else
  const CUptiResult result = cuptiSubscribe(&state.subscriber, on_callback, nullptr);
#endif
  if (result == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED)
    throw CaptureError(
        fmt::format("another profiler is in this process: {}\n"
                    "      = run without it: Nsight, compute-sanitizer, cuda-gdb and torch.profiler "
                    "exclude each other",
                    other.empty() ? "one without a name" : other));
  check(result, "be subscribed to");
}

void enable(Shared& state) {
  std::uint8_t yes = 1;
  std::size_t size = sizeof yes;
  // We zero buffers when they come back, so that CUPTI does not while a launch waits.
  check(cuptiActivitySetAttribute(CUPTI_ACTIVITY_ATTR_ZEROED_OUT_ACTIVITY_BUFFER, &size, &yes),
        "be told of zeroed buffers");
  // The default is pthread's number, of which records have half the bits.
  if (state.options.ranges)
    check(cuptiSetThreadIdType(CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM), "number threads as the system does");
  check(cuptiActivityRegisterCallbacks(on_request, on_complete), "register buffers");
  for (const CUpti_ActivityKind kind : kKinds) {
    if (!is_wanted(kind, state.options)) continue;
    check(cuptiActivityEnable(kind), fmt::format("record activities of kind {}", static_cast<int>(kind)));
  }
}

/// Ids of which a device record is there.
std::size_t complete_ids(const Capture& capture) {
  JoinedCalls joined;
  try {
    joined = join(capture);
  } catch (const CaptureError&) {
    return 0;
  }
  return joined.calls.size() + joined.bad_time + joined.in_overhead + joined.ambiguous;
}

}  // namespace

Tracer::Tracer(const TracerOptions& options) {
  Shared& state = shared();
  check(cuptiGetVersion(&state.version), "tell its version");
  state.options = options;
  for (int i = 0; i < options.buffers; ++i) state.pool.push_back(new_buffer(options.buffer_bytes));
  subscribe(state);
  state.on = true;
  enable(state);
}

Tracer::~Tracer() {
  try {
    stop();
  } catch (const CaptureError&) {
    // The process ends; what was measured has been drained.
  }
}

Capture Tracer::drain(std::size_t expected_ids) {
  Shared& state = shared();
  check(cuptiActivityFlushAll(0), "flush");
  Capture capture;
  const auto take = [&] {
    const std::lock_guard lock(state.mutex);
    capture.append(std::exchange(state.capture, {}));
  };
  take();
  if (complete_ids(capture) < expected_ids) {
    check(cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED), "flush");
    take();
  }
  capture.dropped += dropped();
  return capture;
}

std::size_t Tracer::dropped() {
  Shared& state = shared();
  std::size_t lost = 0;
  if (cuptiActivityGetNumDroppedRecords(nullptr, 0, &lost) != CUPTI_SUCCESS) lost = 0;
  const std::lock_guard lock(state.mutex);
  return lost + std::exchange(state.refused, 0);
}

void Tracer::stop() {
  Shared& state = shared();
  if (!state.on) return;
  state.on = false;
  check(cuptiActivityFlushAll(0), "flush");
  for (const CUpti_ActivityKind kind : kKinds)
    if (is_wanted(kind, state.options)) cuptiActivityDisable(kind);
  check(cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED), "flush");
  if (state.subscriber) cuptiUnsubscribe(std::exchange(state.subscriber, nullptr));
}

Tracer::Scope::Scope(std::uint64_t id) {
  check(cuptiActivityPushExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, id), "take an id");
}

Tracer::Scope::~Scope() {
  std::uint64_t last = 0;
  cuptiActivityPopExternalCorrelationId(CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0, &last);
}

std::string Tracer::version() {
  std::uint32_t version = 0;
  cuptiGetVersion(&version);
  // From 13.0 on xxyyzz, before that a small number of its own.
  if (version < 130000) return fmt::format("CUPTI interface {}", version);
  return fmt::format("CUPTI {}.{} ({})", version / 10000, version % 10000 / 100, version);
}

}  // namespace stagecraft
