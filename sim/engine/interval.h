#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <cstddef>

#include "base/units.h"

namespace stagecraft {

/// Start and end of a task side by side: one cache line to touch.
struct alignas(16) Interval {
  TimePoint start{0};
  TimePoint end{0};
};

/// Four cache lines of times: memory takes lines that lie together faster than lone ones (measured over 512
/// streams 16 KiB apart: 5 GB/s one by one, 22 GB/s by fours).
inline constexpr std::size_t kIntervalsPerBlock = 256 / sizeof(TimePoint);

/// Writes a block's starts and ends to their arrays, which must begin on a cache line. Past the cache, so
/// that lines are not fetched to be overwritten: call finish_streaming() before anybody reads them.
inline void stream_block(const Interval* block, TimePoint* start, TimePoint* end) {
#if defined(__SSE2__)
  const auto* from = reinterpret_cast<const __m128i*>(block);
  auto* starts = reinterpret_cast<__m128i*>(start);
  auto* ends = reinterpret_cast<__m128i*>(end);
  for (std::size_t i = 0; i < kIntervalsPerBlock / 2; ++i)
    _mm_stream_si128(starts + i, _mm_unpacklo_epi64(from[2 * i], from[2 * i + 1]));
  for (std::size_t i = 0; i < kIntervalsPerBlock / 2; ++i)
    _mm_stream_si128(ends + i, _mm_unpackhi_epi64(from[2 * i], from[2 * i + 1]));
#else
  for (std::size_t i = 0; i < kIntervalsPerBlock; ++i) {
    start[i] = block[i].start;
    end[i] = block[i].end;
  }
#endif
}

inline void finish_streaming() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

}  // namespace stagecraft
