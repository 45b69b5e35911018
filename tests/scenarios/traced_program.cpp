// traced_program HOW... - a program as CUDA would run it, without CUDA: it loads the library that
// CUDA_INJECTION64_PATH names, as the driver does, and has the functions of CUPTI that this library calls, so
// that they stand before those of the real one. Every launch() is one kernel in a range "step". HOW, one
// after the other: launch, deliver (CUPTI hands over its buffer), _exit, abort, quick, fork (the child
// exits), exec (the rest in a new program), drop (records are lost), nobody (CUPTI refuses its subscriber).
#include <cupti.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kRecordBytes = 256;  // more than any record has

CUpti_BuffersCallbackRequestFunc request = nullptr;
CUpti_BuffersCallbackCompleteFunc complete = nullptr;
bool refuses = false;
std::size_t lost = 0;
std::vector<std::vector<std::uint8_t>> records;
std::uint32_t launches = 0;

template <class Record>
void add(const Record& record) {
  static_assert(sizeof record <= kRecordBytes);
  std::vector<std::uint8_t> bytes(kRecordBytes);
  std::memcpy(bytes.data(), &record, sizeof record);
  records.push_back(bytes);
}

CUpti_ActivityMarker2 mark(CUpti_ActivityFlag flag, std::uint64_t time) {
  CUpti_ActivityMarker2 record{};
  record.kind = CUPTI_ACTIVITY_KIND_MARKER;
  record.flags = flag;
  record.timestamp = time;
  record.id = launches;
  record.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
  record.objectId.pt.threadId = 42;
  record.name = flag == CUPTI_ACTIVITY_FLAG_MARKER_START ? "step" : nullptr;
  return record;
}

void launch() {
  const std::uint64_t time = 1000 * ++launches;
  CUpti_ActivityKernel9 kernel{};
  kernel.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  kernel.correlationId = launches;
  kernel.start = time + 100;
  kernel.end = time + 600;
  kernel.name = "k";
  add(kernel);
  add(mark(CUPTI_ACTIVITY_FLAG_MARKER_END, time + 20));
  add(mark(CUPTI_ACTIVITY_FLAG_MARKER_START, time));
  CUpti_ActivityAPI call{};
  call.kind = CUPTI_ACTIVITY_KIND_DRIVER;
  call.correlationId = launches;
  call.start = time + 5;
  call.end = time + 6;
  call.threadId = 42;
  add(call);
}

void deliver() {
  while (!records.empty()) {
    std::uint8_t* buffer = nullptr;
    std::size_t bytes = 0;
    std::size_t most = 0;
    request(&buffer, &bytes, &most);
    if (!buffer) return;
    const std::size_t fit = std::min(bytes / kRecordBytes, records.size());
    for (std::size_t i = 0; i < fit; ++i)
      std::memcpy(buffer + i * kRecordBytes, records[i].data(), kRecordBytes);
    records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(fit));
    complete(nullptr, 0, buffer, bytes, fit * kRecordBytes);
  }
}

void start_cuda() {
  void* library = dlopen(std::getenv("CUDA_INJECTION64_PATH"), RTLD_NOW | RTLD_LOCAL);
  auto* initialize = library ? reinterpret_cast<int (*)()>(dlsym(library, "InitializeInjection")) : nullptr;
  if (!initialize || initialize() != 1) std::exit(9);
}

void fork_child() {
  const pid_t child = fork();
  if (child == 0) std::exit(0);
  waitpid(child, nullptr, 0);
}

}  // namespace

extern "C" {
CUptiResult cuptiGetVersion(std::uint32_t* version) {
  *version = CUPTI_API_VERSION;
  return CUPTI_SUCCESS;
}
CUptiResult cuptiGetResultString(CUptiResult, const char** text) {
  *text = "refused";
  return CUPTI_SUCCESS;
}
#if CUPTI_API_VERSION >= 130000
CUptiResult cuptiSubscribe_v2(CUpti_SubscriberHandle*, CUpti_CallbackFunc, void*,
                              CUpti_SubscriberParams* params) {
  std::strcpy(params->oldSubscriberName, "torch");
  return refuses ? CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED : CUPTI_SUCCESS;
}
#else
CUptiResult cuptiSubscribe(CUpti_SubscriberHandle*, CUpti_CallbackFunc, void*) {
  return refuses ? CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED : CUPTI_SUCCESS;
}
#endif
CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle) {
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivitySetAttribute(CUpti_ActivityAttribute, std::size_t*, void*) {
  return CUPTI_SUCCESS;
}
CUptiResult cuptiSetThreadIdType(CUpti_ActivityThreadIdType) {
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc ask,
                                           CUpti_BuffersCallbackCompleteFunc give) {
  request = ask;
  complete = give;
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityEnable(CUpti_ActivityKind) {
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityDisable(CUpti_ActivityKind) {
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityFlushAll(std::uint32_t) {
  deliver();
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext, std::uint32_t, std::size_t* dropped) {
  *dropped = std::exchange(lost, 0);
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityGetNextRecord(std::uint8_t* buffer, std::size_t valid, CUpti_Activity** record) {
  auto* next = *record ? reinterpret_cast<std::uint8_t*>(*record) + kRecordBytes : buffer;
  if (next >= buffer + valid) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(next);
  return CUPTI_SUCCESS;
}
}

int main(int count, char** words) {
  refuses = std::find(words, words + count, std::string("nobody")) != words + count;
  start_cuda();
  for (int i = 1; i < count; ++i) {
    const std::string how = words[i];
    if (how == "launch") launch();
    if (how == "deliver") deliver();
    if (how == "drop") lost = 3;
    if (how == "fork") fork_child();
    if (how == "_exit") _exit(5);
    if (how == "abort") std::abort();
    if (how == "quick") std::quick_exit(6);
    if (how == "exec") {
      words[i] = words[0];
      execv(words[0], words + i);
    }
  }
  return 0;
}
