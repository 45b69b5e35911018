#include <cupti.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <vector>

#include "profiles/capture/join.h"
#include "profiles/capture/parse_record.h"

using namespace stagecraft;

namespace {

// What the library of this toolkit writes: its newest structures, which our reader must see as the oldest.
#if CUPTI_API_VERSION >= 130000
using WrittenKernel = CUpti_ActivityKernel10;
using WrittenCopy = CUpti_ActivityMemcpy6;
#else
using WrittenKernel = CUpti_ActivityKernel9;
using WrittenCopy = CUpti_ActivityMemcpy5;
#endif

/// Records one behind the other in memory, as in a buffer of CUPTI's.
class Buffer {
 public:
  template <class Record>
  void add(const Record& record) {
    offsets_.push_back(bytes_.size());
    bytes_.resize(bytes_.size() + (sizeof record + 7) / 8 * 8);
    std::memcpy(bytes_.data() + offsets_.back(), &record, sizeof record);
  }
  Capture parse() const {
    Capture capture;
    for (const std::size_t offset : offsets_) {
      // Copied out: a vector's bytes need not be aligned as records are.
      alignas(16) unsigned char record[256];
      std::memcpy(record, bytes_.data() + offset, std::min(sizeof record, bytes_.size() - offset));
      parse_record(record, capture);
    }
    return capture;
  }

 private:
  std::vector<unsigned char> bytes_;
  std::vector<std::size_t> offsets_;
};

template <class Record>
Record record_of(CUpti_ActivityKind kind) {
  Record record;
  std::memset(&record, 0xA5, sizeof record);  // so that a field read at the wrong place is noticed
  record.kind = kind;
  return record;
}

WrittenKernel kernel(std::uint32_t correlation, std::uint64_t start, std::uint64_t end, const char* name) {
  auto record = record_of<WrittenKernel>(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL);
  record.correlationId = correlation;
  record.start = start;
  record.end = end;
  record.streamId = 7;
  record.graphId = 3;
  record.name = name;
  return record;
}

CUpti_ActivityExternalCorrelation external(std::uint32_t correlation, std::uint64_t id,
                                           CUpti_ExternalCorrelationKind kind) {
  auto record = record_of<CUpti_ActivityExternalCorrelation>(CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION);
  record.correlationId = correlation;
  record.externalId = id;
  record.externalKind = kind;
  return record;
}

}  // namespace

TEST_CASE("a kernel's record of the newest CUPTI is read through the oldest structure", "[capture]") {
  Buffer buffer;
  buffer.add(kernel(11, 1000, 1500, "gemm"));
  const Capture capture = buffer.parse();
  REQUIRE(capture.spans.size() == 1);
  const DeviceSpan& span = capture.spans[0];
  CHECK(span.kind == DeviceSpan::Kind::Kernel);
  CHECK(span.correlation == 11);
  CHECK(span.duration_ns() == 500);
  CHECK(span.stream == 7);
  CHECK(span.graph == 3);
  CHECK(span.name == "gemm");
}

TEST_CASE("a copy tells its bytes, its direction and whether the host's memory is pinned", "[capture]") {
  auto copy = record_of<WrittenCopy>(CUPTI_ACTIVITY_KIND_MEMCPY);
  copy.correlationId = 5;
  copy.start = 10;
  copy.end = 30;
  copy.bytes = 4096;
  copy.copyKind = CUPTI_ACTIVITY_MEMCPY_KIND_HTOD;
  copy.srcKind = CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE;
  copy.dstKind = CUPTI_ACTIVITY_MEMORY_KIND_DEVICE;
  Buffer buffer;
  buffer.add(copy);
  copy.srcKind = CUPTI_ACTIVITY_MEMORY_KIND_PINNED;
  buffer.add(copy);
  auto fill = record_of<CUpti_ActivityMemset4>(CUPTI_ACTIVITY_KIND_MEMSET);
  fill.start = 1;
  fill.end = 2;
  fill.bytes = 77;
  buffer.add(fill);
  const Capture capture = buffer.parse();
  REQUIRE(capture.spans.size() == 3);
  CHECK(capture.spans[0].bytes == 4096);
  CHECK(capture.spans[0].copy_kind == 1);
  CHECK(capture.spans[0].pageable_host);
  CHECK_FALSE(capture.spans[1].pageable_host);
  CHECK(capture.spans[2].kind == DeviceSpan::Kind::Fill);
  CHECK(capture.spans[2].bytes == 77);
}

TEST_CASE("records without times are kept apart, and records of other kinds are counted", "[capture]") {
  Buffer buffer;
  buffer.add(kernel(1, 0, 0, "never collected"));
  buffer.add(kernel(2, 500, 400, "ends before it starts"));
  buffer.add(kernel(3, 500, 500, "takes no time"));
  buffer.add(kernel(4, 500, 501, nullptr));
  CUpti_Activity other;
  other.kind = CUPTI_ACTIVITY_KIND_DEVICE;
  buffer.add(other);
  const Capture capture = buffer.parse();
  CHECK(capture.bad_times == std::vector<std::uint32_t>{1, 2, 3});
  REQUIRE(capture.spans.size() == 1);
  CHECK(capture.spans[0].name.empty());
  CHECK(capture.unknown == 1);
}

TEST_CASE("only ids of our own kind are read and calls tell runtime from driver", "[capture]") {
  Buffer buffer;
  buffer.add(external(9, 77, CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0));
  buffer.add(external(9, 78, CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM1));
  auto call = record_of<CUpti_ActivityAPI>(CUPTI_ACTIVITY_KIND_RUNTIME);
  call.correlationId = 9;
  call.start = 100;
  call.end = 104;
  call.threadId = 42;
  buffer.add(call);
  call.kind = CUPTI_ACTIVITY_KIND_DRIVER;
  buffer.add(call);
  auto overhead = record_of<CUpti_ActivityOverhead>(CUPTI_ACTIVITY_KIND_OVERHEAD);
  overhead.overheadKind = CUPTI_ACTIVITY_OVERHEAD_CUPTI_BUFFER_FLUSH;
  overhead.start = 200;
  overhead.end = 300;
  buffer.add(overhead);
  const Capture capture = buffer.parse();
  REQUIRE(capture.ids.size() == 1);
  CHECK(capture.ids[0] == std::pair<std::uint32_t, std::uint64_t>{9, 77});
  REQUIRE(capture.calls.size() == 2);
  CHECK(capture.calls[0].runtime);
  CHECK(capture.calls[0].thread == 42);
  CHECK_FALSE(capture.calls[1].runtime);
  REQUIRE(capture.overheads.size() == 1);
  CHECK(capture.overheads[0].end_ns == 300);
}

TEST_CASE("two buffers whose records come out of order give the same calls", "[capture]") {
  Buffer first;
  first.add(kernel(1, 100, 130, "a"));
  first.add(external(2, 1 << 20 | 1, CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0));
  Buffer second;
  second.add(kernel(2, 200, 250, "a"));
  second.add(external(1, 1 << 20, CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0));
  Capture capture = second.parse();
  capture.append(first.parse());
  const JoinedCalls joined = join(capture);
  REQUIRE(joined.calls.size() == 2);
  CHECK(joined.calls[0].device_ns == 30);
  CHECK(joined.calls[1].device_ns == 50);
}

TEST_CASE("ranges are read with their thread and domain, marks of one moment are not", "[capture]") {
  auto mark = record_of<CUpti_ActivityMarker2>(CUPTI_ACTIVITY_KIND_MARKER);
  mark.flags = CUPTI_ACTIVITY_FLAG_MARKER_START;
  mark.id = 3;
  mark.timestamp = 100;
  mark.objectKind = CUPTI_ACTIVITY_OBJECT_THREAD;
  mark.objectId.pt.threadId = 42;
  mark.name = "all-reduce";
  mark.domain = "NCCL";
  Buffer buffer;
  buffer.add(mark);
  mark.domain = nullptr;
  mark.name = nullptr;
  mark.flags = CUPTI_ACTIVITY_FLAG_MARKER_END;
  mark.timestamp = 200;
  buffer.add(mark);
  mark.timestamp = 0;
  buffer.add(mark);
  mark.flags = CUPTI_ACTIVITY_FLAG_MARKER_INSTANTANEOUS;
  buffer.add(mark);
  mark.flags = CUPTI_ACTIVITY_FLAG_MARKER_START;
  mark.timestamp = 5;
  mark.objectKind = CUPTI_ACTIVITY_OBJECT_PROCESS;
  buffer.add(mark);
  const Capture capture = buffer.parse();
  CHECK(capture.marks == std::vector<RangeMark>{{RangeMark::Kind::Start, 3, 42, 100, "NCCL:all-reduce"},
                                                {RangeMark::Kind::End, 3, 42, 200, {}}});
  CHECK(capture.bad_marks == 2);
}
