#include "profiles/capture/parse_record.h"

#include <cupti.h>

#include <cstddef>
#include <string>
#include <utility>

namespace stagecraft {

namespace {

// The library writes the newest structure it knows and does not say which. Ours must be its beginning.
#if CUPTI_API_VERSION >= 130000
#define SAME_PLACE(Old, New, field) \
  static_assert(offsetof(Old, field) == offsetof(New, field), #Old " and " #New " differ at " #field)
SAME_PLACE(CUpti_ActivityKernel9, CUpti_ActivityKernel10, start);
SAME_PLACE(CUpti_ActivityKernel9, CUpti_ActivityKernel10, end);
SAME_PLACE(CUpti_ActivityKernel9, CUpti_ActivityKernel10, streamId);
SAME_PLACE(CUpti_ActivityKernel9, CUpti_ActivityKernel10, correlationId);
SAME_PLACE(CUpti_ActivityKernel9, CUpti_ActivityKernel10, name);
SAME_PLACE(CUpti_ActivityKernel9, CUpti_ActivityKernel10, graphId);
SAME_PLACE(CUpti_ActivityMemcpy5, CUpti_ActivityMemcpy6, start);
SAME_PLACE(CUpti_ActivityMemcpy5, CUpti_ActivityMemcpy6, bytes);
SAME_PLACE(CUpti_ActivityMemcpy5, CUpti_ActivityMemcpy6, correlationId);
SAME_PLACE(CUpti_ActivityMemcpy5, CUpti_ActivityMemcpy6, graphId);
static_assert(sizeof(CUpti_ActivityKernel9) <= sizeof(CUpti_ActivityKernel10));
static_assert(sizeof(CUpti_ActivityMemcpy5) <= sizeof(CUpti_ActivityMemcpy6));
SAME_PLACE(CUpti_ActivityOverhead, CUpti_ActivityOverhead3, start);
SAME_PLACE(CUpti_ActivityOverhead, CUpti_ActivityOverhead3, end);
#undef SAME_PLACE
#endif
static_assert(offsetof(CUpti_ActivityKernel9, start) == 16 && offsetof(CUpti_ActivityKernel9, name) == 104);
static_assert(offsetof(CUpti_ActivityMemcpy5, correlationId) == 44);

void add_span(DeviceSpan span, Capture& capture) {
  if (span.start_ns == 0 || span.end_ns <= span.start_ns)
    capture.bad_times.push_back(span.correlation);
  else
    capture.spans.push_back(std::move(span));
}

template <class Record>
DeviceSpan span_of(const Record& record, DeviceSpan::Kind kind) {
  DeviceSpan span;
  span.kind = kind;
  span.start_ns = record.start;
  span.end_ns = record.end;
  span.correlation = record.correlationId;
  span.stream = record.streamId;
  span.graph = record.graphId;
  return span;
}

void add_kernel(const CUpti_ActivityKernel9& record, Capture& capture) {
  DeviceSpan span = span_of(record, DeviceSpan::Kind::Kernel);
  if (record.name) span.name = record.name;
  add_span(std::move(span), capture);
}

void add_copy(const CUpti_ActivityMemcpy5& record, Capture& capture) {
  DeviceSpan span = span_of(record, DeviceSpan::Kind::Copy);
  span.bytes = record.bytes;
  span.copy_kind = record.copyKind;
  span.pageable_host = record.srcKind == CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE ||
                       record.dstKind == CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE;
  add_span(std::move(span), capture);
}

void add_fill(const CUpti_ActivityMemset4& record, Capture& capture) {
  DeviceSpan span = span_of(record, DeviceSpan::Kind::Fill);
  span.bytes = record.bytes;
  add_span(std::move(span), capture);
}

void add_call(const CUpti_ActivityAPI& record, Capture& capture) {
  capture.calls.push_back({.correlation = record.correlationId,
                           .call = record.cbid,
                           .thread = record.threadId,
                           .runtime = record.kind == CUPTI_ACTIVITY_KIND_RUNTIME,
                           .start_ns = record.start,
                           .end_ns = record.end});
}

/// Push and pop, start and end. A mark of one moment is no range, and a range of a whole process belongs to
/// no thread that launches.
void add_mark(const CUpti_ActivityMarker2& record, Capture& capture) {
  const bool starts = (record.flags & CUPTI_ACTIVITY_FLAG_MARKER_START) != 0;
  const bool ends = (record.flags & CUPTI_ACTIVITY_FLAG_MARKER_END) != 0;
  if (!starts && !ends) return;
  if (record.timestamp == 0 || (starts && record.objectKind != CUPTI_ACTIVITY_OBJECT_THREAD)) {
    ++capture.bad_marks;
    return;
  }
  RangeMark mark{.kind = starts ? RangeMark::Kind::Start : RangeMark::Kind::End,
                 .id = record.id,
                 .thread = record.objectId.pt.threadId,
                 .time_ns = record.timestamp};
  if (starts && record.domain) mark.name = std::string(record.domain) + ":";
  if (starts && record.name) mark.name += record.name;
  capture.marks.push_back(std::move(mark));
}

template <class To>
const To& as(const CUpti_Activity* record) {
  return *reinterpret_cast<const To*>(record);
}

}  // namespace

void parse_record(const void* data, Capture& capture) {
  const auto* record = static_cast<const CUpti_Activity*>(data);
  switch (record->kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    case CUPTI_ACTIVITY_KIND_KERNEL:
      return add_kernel(as<CUpti_ActivityKernel9>(record), capture);
    case CUPTI_ACTIVITY_KIND_MEMCPY:
      return add_copy(as<CUpti_ActivityMemcpy5>(record), capture);
    case CUPTI_ACTIVITY_KIND_MEMSET:
      return add_fill(as<CUpti_ActivityMemset4>(record), capture);
    case CUPTI_ACTIVITY_KIND_RUNTIME:
    case CUPTI_ACTIVITY_KIND_DRIVER:
      return add_call(as<CUpti_ActivityAPI>(record), capture);
    case CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION: {
      const auto& id = as<CUpti_ActivityExternalCorrelation>(record);
      // Other tools push ids of other kinds.
      if (id.externalKind == CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0)
        capture.ids.emplace_back(id.correlationId, id.externalId);
      return;
    }
    case CUPTI_ACTIVITY_KIND_OVERHEAD: {
      const auto& overhead = as<CUpti_ActivityOverhead>(record);
      capture.overheads.push_back({overhead.overheadKind, overhead.start, overhead.end});
      return;
    }
    case CUPTI_ACTIVITY_KIND_MARKER:
      return add_mark(as<CUpti_ActivityMarker2>(record), capture);
    default:
      ++capture.unknown;
  }
}

}  // namespace stagecraft
