#include "sim/engine/event_queue.h"

#include <catch2/catch.hpp>
#include <set>
#include <tuple>

#include "tests/engine/graphs.h"

namespace stagecraft {
namespace {

using test::SplitMix64;

// What every queue must do, as slowly as can be.
class PlainQueue {
 public:
  bool empty() const { return events_.empty(); }
  void push(TimePoint time, std::uint32_t payload) { events_.insert({time.count(), next_++, payload}); }
  Event pop() {
    const auto [time, sequence, payload] = *events_.begin();
    events_.erase(events_.begin());
    return {.time = time, .sequence = static_cast<std::uint32_t>(sequence), .payload = payload};
  }

 private:
  std::set<std::tuple<std::int64_t, std::uint64_t, std::uint32_t>> events_;
  std::uint64_t next_ = 0;
};

struct Load {
  std::uint32_t pending = 40;  ///< events at the start
  int steps = 400;
  std::uint32_t longest = 100;  ///< delays are 0 ... longest - 1 ...
  std::uint32_t zeros = 3;      ///< ... one in so many zero
  std::uint32_t far = 50;       ///< ... and one in so many 10^6 times as long
};

// Pops, and pushes up to two more a step (one on average), so the number pending wanders. The pushes depend
// on what was popped, so a wrong pop spoils all that follows.
template <typename Queue>
std::vector<std::pair<std::int64_t, std::uint32_t>> popped(Queue queue, std::uint64_t seed,
                                                           const Load& load) {
  SplitMix64 random(seed);
  std::uint32_t payload = 0;
  const auto delay = [&] {
    if (random.below(load.zeros) == 0) return Duration{0};
    const std::int64_t d = random.below(load.longest);
    return Duration{random.below(load.far) == 0 ? d * 1'000'000 : d};
  };
  for (std::uint32_t i = 0; i < load.pending; ++i) queue.push(TimePoint{0} + delay(), payload++);
  std::vector<std::pair<std::int64_t, std::uint32_t>> result;
  for (int step = 0; !queue.empty(); ++step) {
    const Event event = queue.pop();
    result.emplace_back(event.time, event.payload);
    if (step >= load.steps) continue;
    for (std::uint32_t n = (random.below(3) + event.payload) % 3; n > 0; --n) {
      queue.push(TimePoint{event.time} + delay(), payload++);
    }
  }
  return result;
}

TEST_CASE("events come by time, and at one time in the order of pushing", "[formula]") {
  HeapQueue heap;
  BucketQueue buckets({.width_log2 = 3, .buckets_log2 = 6});
  const auto check = [](auto& queue) {
    for (const auto& [time, payload] :
         {std::pair{7, 0u}, {3, 1u}, {7, 2u}, {3, 3u}, {100'000, 4u}, {0, 5u}}) {
      queue.push(TimePoint{time}, payload);
    }
    CHECK(queue.size() == 6);
    std::vector<std::uint32_t> order;
    while (!queue.empty()) order.push_back(queue.pop().payload);
    CHECK(order == std::vector<std::uint32_t>{5, 1, 3, 0, 2, 4});
  };
  check(heap);
  check(buckets);
}

TEST_CASE("an event pushed at the present comes after those already there at that time", "[formula]") {
  BucketQueue queue({.width_log2 = 10, .buckets_log2 = 6});
  queue.push(TimePoint{5}, 0);
  queue.push(TimePoint{5}, 1);
  queue.push(TimePoint{6}, 2);
  CHECK(queue.pop().payload == 0);
  queue.push(TimePoint{5}, 3);
  CHECK(queue.pop().payload == 1);
  CHECK(queue.pop().payload == 3);
  CHECK(queue.pop().payload == 2);
  CHECK(queue.empty());
}

TEST_CASE("heap and buckets pop the same events as an ordered set, whatever the load and the shape",
          "[property]") {
  SplitMix64 random(3);
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Load load{.pending = 1 + random.below(300),
                    .steps = static_cast<int>(random.below(2'000)),
                    .longest = 1u << random.below(20),
                    .zeros = 1 + random.below(6),
                    .far = 1 + random.below(200)};
    const BucketShape shape{.width_log2 = static_cast<int>(random.below(16)),
                            .buckets_log2 = 6 + static_cast<int>(random.below(3))};
    CAPTURE(seed, load.pending, load.steps, load.longest, load.zeros, load.far, shape.width_log2);
    const auto expected = popped(PlainQueue(), seed, load);
    REQUIRE(popped(HeapQueue(), seed, load) == expected);
    REQUIRE(popped(BucketQueue(shape), seed, load) == expected);
  }
}

TEST_CASE("the order survives the renumbering of events when sequence numbers run out", "[property]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Load load{.pending = 60, .steps = 1'000, .longest = 200, .zeros = 3, .far = 20};
    const auto expected = popped(PlainQueue(), seed, load);
    const std::uint32_t first = 0xFFFFFFFFu - static_cast<std::uint32_t>(seed * 3);
    CAPTURE(seed);
    REQUIRE(popped(HeapQueue(first), seed, load) == expected);
    REQUIRE(popped(BucketQueue({.width_log2 = 4, .buckets_log2 = 6}, first), seed, load) == expected);
  }
}

TEST_CASE("a crowd of events at one time is popped in order, with zero delays in between", "[property]") {
  const Load load{.pending = 5'000, .steps = 20'000, .longest = 2, .zeros = 2, .far = 1'000'000};
  const auto expected = popped(PlainQueue(), 9, load);
  CHECK(popped(HeapQueue(), 9, load) == expected);
  CHECK(popped(BucketQueue({.width_log2 = 8, .buckets_log2 = 6}), 9, load) == expected);
}

TEST_CASE("run() hands events to the handler until none is left", "[formula]") {
  HeapQueue queue;
  queue.push(TimePoint{1}, 3);
  std::vector<std::pair<std::int64_t, std::uint32_t>> seen;
  const std::uint64_t handled = run(queue, [&](TimePoint now, std::uint32_t payload) {
    seen.emplace_back(now.count(), payload);
    if (payload > 0) queue.push(now + Duration{10}, payload - 1);
  });
  CHECK(handled == 4);
  CHECK(seen == std::vector<std::pair<std::int64_t, std::uint32_t>>{{1, 3}, {11, 2}, {21, 1}, {31, 0}});
}

TEST_CASE("the ring of a bucket queue holds the longest of the common delays", "[formula]") {
  const auto span = [](const BucketShape& s) { return std::int64_t{1} << (s.width_log2 + s.buckets_log2); };
  const std::vector<Duration> even{Duration{50'000}, Duration{1'000'000}, Duration{2'000'000}};
  CHECK(span(bucket_shape(even)) == 1 << 21);  // the first power of two above 2'000'000
  // 10^12 is more than 16 times the mean of 20 delays that are otherwise 1000, so the ring is for those.
  std::vector<Duration> uneven(20, Duration{1'000});
  uneven.push_back(Duration{1'000'000'000'000});
  CHECK(bucket_shape(uneven, 10).width_log2 == 0);
  CHECK(bucket_shape({}).width_log2 == 0);
}

}  // namespace
}  // namespace stagecraft
