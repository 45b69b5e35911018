#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/task_graph.h"

namespace stagecraft {

/// Collects the times of a graph's tasks, which become known for each resource in order but for all resources
/// at once, and writes them a cache line at a time. Writing each time to its place would touch two lines of
/// each resource in turns: with the usual power-of-two shapes all those lines share a few sets of the cache
/// and throw each other out.
class TimesWriter {
 public:
  /// `begin` is the graph's; it and `times` must outlive the writer.
  TimesWriter(std::span<const std::size_t> begin, TaskTimes& times)
      : begin_(begin), lines_(begin.size() - 1) {
    times.start.resize(begin.back());
    times.end.resize(begin.back());
    start_ = times.start.data();
    end_ = times.end.data();
    start_offset_ = offset_in_line(start_);
    end_offset_ = offset_in_line(end_);
    lag_ = (end_offset_ - start_offset_ + kPerLine) % kPerLine;
    // Past the cache, so that lines are not fetched to be overwritten; only worth it when they would not stay
    // anyway.
    stream_ = begin.back() >= kLarge;
  }

  /// The next task of `resource`, `task`, runs [start, end).
  void put(std::uint32_t resource, TaskId task, TimePoint start, TimePoint end) {
    Line& line = lines_[resource];
    const std::uint32_t at = (task + start_offset_) % kPerLine;
    line.start[at] = start;
    line.end[(task + end_offset_) % (2 * kPerLine)] = end;
    if (at == kPerLine - 1) flush(resource, task);
  }

  /// After the last task of every resource.
  void finish() {
    for (std::uint32_t r = 0; r < lines_.size(); ++r) {
      write_some(lines_[r].start, start_offset_, start_,
                 {.resource = r, .first = last_line(r, 1), .past = begin_[r + 1]});
      write_some(lines_[r].end, end_offset_, end_,
                 {.resource = r, .first = last_line(r, 2), .past = begin_[r + 1]});
    }
#if defined(__SSE2__)
    _mm_sfence();
#endif
  }

 private:
  static constexpr std::uint32_t kPerLine = 64 / sizeof(TimePoint);
  static constexpr std::size_t kLarge = std::size_t{1} << 18;

  // A line of starts is written when it is full, and with it the last full line of ends: those lag behind
  // where the two arrays begin at different places of a cache line, so there is room for two.
  struct alignas(64) Line {
    std::array<TimePoint, kPerLine> start;
    std::array<TimePoint, 2 * kPerLine> end;
  };
  // Tasks first ... past - 1 of a resource; first may lie before the resource's own.
  struct Range {
    std::uint32_t resource;
    std::size_t first;
    std::size_t past;
  };

  static std::uint32_t offset_in_line(const TimePoint* data) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(data) / sizeof(TimePoint) % kPerLine);
  }

  // The first of the last `lines` lines' worth of tasks of `resource`.
  std::size_t last_line(std::uint32_t resource, std::size_t lines) const {
    const std::size_t past = begin_[resource + 1];
    return past - std::min(past, lines * kPerLine);
  }

  void flush(std::uint32_t resource, TaskId last) {
    const std::size_t past = std::size_t{last} + 1;
    Line& line = lines_[resource];
    if (stream_ && past >= begin_[resource] + kPerLine + lag_) [[likely]] {
      stream(line.start.data(), start_ + past - kPerLine);
      const std::size_t end_first = past - lag_ - kPerLine;
      stream(line.end.data() + (end_first + end_offset_) % (2 * kPerLine), end_ + end_first);
    } else {
      const std::size_t first = past - std::min<std::size_t>(past, kPerLine + lag_);
      write_some(line.start, start_offset_, start_,
                 {.resource = resource,
                  .first = std::max(first, past - std::min<std::size_t>(past, kPerLine)),
                  .past = past});
      write_some(line.end, end_offset_, end_, {.resource = resource, .first = first, .past = past});
    }
  }

  template <std::size_t kSize>
  void write_some(const std::array<TimePoint, kSize>& from, std::size_t offset, TimePoint* to,
                  Range range) const {
    for (std::size_t id = std::max(range.first, begin_[range.resource]); id < range.past; ++id) {
      to[id] = from[(id + offset) % kSize];
    }
  }

  static void stream(const TimePoint* from, TimePoint* to) {
#if defined(__SSE2__)
    const auto* source = reinterpret_cast<const __m128i*>(from);
    auto* target = reinterpret_cast<__m128i*>(to);
    for (int i = 0; i < 4; ++i) _mm_stream_si128(target + i, _mm_load_si128(source + i));
#else
    std::copy_n(from, kPerLine, to);
#endif
  }

  std::span<const std::size_t> begin_;
  std::vector<Line> lines_;  // by resource
  TimePoint* start_ = nullptr;
  TimePoint* end_ = nullptr;
  std::uint32_t start_offset_ = 0;  // of the array within a cache line, in times
  std::uint32_t end_offset_ = 0;
  std::size_t lag_ = 0;  // of full lines of ends behind those of starts
  bool stream_ = false;
};

}  // namespace stagecraft
