#include "sim/engine/event_queue.h"

namespace stagecraft {

BucketShape bucket_shape(std::span<const Duration> delays, int buckets_log2) {
  // Halved before summing, 2^24 of the longest delays still fit.
  std::int64_t mean = 0;
  std::int64_t count = 0;
  for (const Duration delay : delays) count += delay.count() > 0 ? 1 : 0;
  for (const Duration delay : delays) mean += delay.count() / std::max<std::int64_t>(count, 1);
  std::int64_t longest = 1;
  for (const Duration delay : delays) {
    if (delay.count() / 16 <= mean) longest = std::max(longest, delay.count());
  }
  const int width = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(longest))) - buckets_log2;
  return {.width_log2 = std::max(width, 0), .buckets_log2 = buckets_log2};
}

}  // namespace stagecraft
