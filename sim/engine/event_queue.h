#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/units.h"

namespace stagecraft {

/// Something that will happen. `payload` belongs to the user: usually a kind in the top bits and an index.
struct Event {
  std::int64_t time = 0;       ///< nanoseconds, >= 0
  std::uint32_t sequence = 0;  ///< given by the queue: the order in which events were pushed
  std::uint32_t payload = 0;
};
static_assert(sizeof(Event) == 16);

/// The order of events, everywhere: by time, and at one time in the order of pushing.
constexpr bool before(const Event& a, const Event& b) {
  return a.time != b.time ? a.time < b.time : a.sequence < b.sequence;
}

// The queues below have one interface, so that simulations take the queue as a template parameter:
//
//   bool empty() const;  std::size_t size() const;
//   void push(TimePoint time, std::uint32_t payload);  // time >= that of the last pop
//   Event pop();                                       // the least by before(); not when empty
//
// They pop exactly the same sequence for the same pushes. Sequence numbers have 32 bits and are renumbered
// when they run out (pending events keep their order), so a queue lasts forever.

namespace detail {

/// A 4-ary heap of events (Johnson, "Priority queues with update and finding minimum spanning trees", 1975):
/// half the levels of a binary heap, and the four children of a node share a cache line or two.
class EventHeap {
 public:
  bool empty() const { return events_.empty(); }
  std::size_t size() const { return events_.size(); }
  const Event& top() const { return events_.front(); }

  void push(const Event& event) {
    std::size_t at = events_.size();
    events_.push_back(event);
    while (at > 0) {
      const std::size_t parent = (at - 1) / 4;
      if (!before(event, events_[parent])) break;
      events_[at] = events_[parent];
      at = parent;
    }
    events_[at] = event;
  }

  Event pop() {
    const Event least = events_.front();
    const Event last = events_.back();
    events_.pop_back();
    if (!events_.empty()) sink(last);
    return least;
  }

  /// Calls `change(event)` for all events; must keep their order among themselves.
  template <typename Change>
  void for_each(Change&& change) {
    for (Event& event : events_) change(event);
  }

 private:
  // Moves the hole at the root down to where `event` belongs.
  void sink(const Event& event) {
    const std::size_t count = events_.size();
    std::size_t at = 0;
    for (std::size_t child = 1; child < count; child = 4 * at + 1) {
      std::size_t least = child;
      const std::size_t end = std::min(child + 4, count);
      for (std::size_t other = child + 1; other < end; ++other) {
        least = before(events_[other], events_[least]) ? other : least;
      }
      if (!before(events_[least], event)) break;
      events_[at] = events_[least];
      at = least;
    }
    events_[at] = event;
  }

  std::vector<Event> events_;
};

/// Gives the pending events the sequence numbers 0, 1, ... in their order. `for_each` calls its argument with
/// every event, twice in the same order. Returns the next free number.
template <typename ForEach>
std::uint32_t renumber(ForEach&& for_each) {
  std::vector<std::uint32_t> used;
  for_each([&](Event& event) { used.push_back(event.sequence); });
  std::ranges::sort(used);
  for_each([&](Event& event) {
    event.sequence =
        static_cast<std::uint32_t>(std::ranges::lower_bound(used, event.sequence) - used.begin());
  });
  return static_cast<std::uint32_t>(used.size());
}

inline constexpr std::uint32_t kLastSequence = 0xFFFFFFFFu;

}  // namespace detail

/// Event queue as a 4-ary heap: O(log n) whatever the times are. The one to take when delays are unknown or
/// of very different sizes.
class HeapQueue {
 public:
  /// `next_sequence`: number of the first event, for tests of the renumbering.
  explicit HeapQueue(std::uint32_t next_sequence = 0) : next_(next_sequence) {}

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }

  void push(TimePoint time, std::uint32_t payload) {
    if (next_ == detail::kLastSequence) [[unlikely]] {
      next_ = detail::renumber([&](auto&& change) { heap_.for_each(change); });
    }
    heap_.push({.time = time.count(), .sequence = next_++, .payload = payload});
  }
  Event pop() { return heap_.pop(); }

 private:
  detail::EventHeap heap_;
  std::uint32_t next_;
};

/// The shape of a BucketQueue.
struct BucketShape {
  int width_log2 = 10;    ///< a bucket spans 2^width_log2 ns
  int buckets_log2 = 10;  ///< 6 ... 24; the ring spans 2^(width_log2 + buckets_log2) ns
};

/// A shape for events that are pushed these delays ahead: the ring holds the longest of the common delays
/// (those up to 16 times the mean), and buckets are as narrow as that allows. No delays: one nanosecond wide.
BucketShape bucket_shape(std::span<const Duration> delays, int buckets_log2 = 10);

/// Event queue as a ring of time buckets, each sorted when its turn comes: O(1) when few events share a
/// bucket (calendar queue: Brown, CACM 31(10), 1988; sorting late: Tang, Goh and Thng, ACM TOMACS 15(3),
/// 2005). What does not suit the ring goes to a heap beside it: events beyond the ring's end, and those that
/// would have to be moved far inside the current bucket. So any times are right, zero delays included, and at
/// worst it is as slow as the heap.
class BucketQueue {
 public:
  explicit BucketQueue(const BucketShape& shape = {}, std::uint32_t next_sequence = 0)
      : shift_(shape.width_log2),
        mask_((std::int64_t{1} << shape.buckets_log2) - 1),
        buckets_(static_cast<std::size_t>(mask_) + 1),
        occupied_((static_cast<std::size_t>(mask_) + 1) / 64, 0),
        next_(next_sequence) {
    assert(shape.buckets_log2 >= 6 && shape.buckets_log2 <= 24);
  }

  bool empty() const { return size() == 0; }
  std::size_t size() const { return in_ring_ + heap_.size(); }

  void push(TimePoint time, std::uint32_t payload) {
    if (next_ == detail::kLastSequence) [[unlikely]] {
      next_ = detail::renumber([&](auto&& change) { for_each(change); });
    }
    insert({.time = time.count(), .sequence = next_++, .payload = payload});
  }

  Event pop() {
    if (read_ == buckets_[at(current_)].size()) advance();
    const std::vector<Event>& bucket = buckets_[at(current_)];
    if (!heap_.empty() && (read_ == bucket.size() || before(heap_.top(), bucket[read_]))) return heap_.pop();
    --in_ring_;
    return bucket[read_++];
  }

 private:
  std::size_t at(std::int64_t bucket) const { return static_cast<std::size_t>(bucket & mask_); }

  void insert(const Event& event) {
    const std::int64_t bucket = event.time >> shift_;
    if (bucket > current_ && bucket - current_ <= mask_) {
      const std::size_t index = at(bucket);
      buckets_[index].push_back(event);
      occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
      ++in_ring_;
    } else if (bucket > current_ || !insert_sorted(event)) {
      heap_.push(event);
    }
  }

  // Into the current bucket, which is sorted from read_ on; not when that moves too many.
  bool insert_sorted(const Event& event) {
    std::vector<Event>& bucket = buckets_[at(current_)];
    if (read_ >= 64 && 2 * read_ >= bucket.size()) {  // a bucket that is never used up must not grow for ever
      bucket.erase(bucket.begin(), bucket.begin() + static_cast<std::ptrdiff_t>(read_));
      read_ = 0;
    }
    std::size_t place = bucket.size();
    const std::size_t least = bucket.size() - std::min(bucket.size() - read_, kMostMoved);
    while (place > least && before(event, bucket[place - 1])) --place;
    if (place == least && place > read_ && before(event, bucket[place - 1])) return false;
    bucket.insert(bucket.begin() + static_cast<std::ptrdiff_t>(place), event);
    ++in_ring_;
    return true;
  }

  // The current bucket is used up: goes on to the bucket of the next event.
  void advance() {
    if (in_ring_ == 0) {
      if (!heap_.empty()) restart(heap_.top().time >> shift_);
      return;
    }
    clear_current();
    std::int64_t next = current_ + 1 + distance_to_occupied(at(current_ + 1));
    if (!heap_.empty()) next = std::clamp(heap_.top().time >> shift_, current_, next);
    current_ = next;
    sort(buckets_[at(current_)]);
  }

  // With an empty ring the clock may jump.
  void restart(std::int64_t bucket) {
    clear_current();
    current_ = std::max(current_, bucket);
  }

  void clear_current() {
    const std::size_t index = at(current_);
    buckets_[index].clear();
    occupied_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    read_ = 0;
  }

  // Steps from bucket index `from` to the first occupied one, around the ring. There must be one.
  std::int64_t distance_to_occupied(std::size_t from) const {
    const std::size_t words = occupied_.size();
    std::size_t word = from / 64;
    std::uint64_t bits = occupied_[word] >> (from % 64) << (from % 64);
    while (bits == 0) {
      word = word + 1 == words ? 0 : word + 1;
      bits = occupied_[word];
    }
    const std::size_t index = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    return static_cast<std::int64_t>((index - from) & static_cast<std::size_t>(mask_));
  }

  static void sort(std::vector<Event>& bucket) {
    if (bucket.size() > 32) {
      std::sort(bucket.begin(), bucket.end(), before);
      return;
    }
    for (std::size_t i = 1; i < bucket.size(); ++i) {
      const Event event = bucket[i];
      std::size_t place = i;
      for (; place > 0 && before(event, bucket[place - 1]); --place) bucket[place] = bucket[place - 1];
      bucket[place] = event;
    }
  }

  template <typename Change>
  void for_each(Change&& change) {
    heap_.for_each(change);
    for (std::vector<Event>& bucket : buckets_) {
      for (Event& event : bucket) change(event);
    }
  }

  static constexpr std::size_t kMostMoved = 32;

  int shift_;
  std::int64_t mask_;
  std::vector<std::vector<Event>>
      buckets_;                          // bucket b of time is buckets_[b & mask_]; the current one is sorted
  std::vector<std::uint64_t> occupied_;  // a bit per bucket
  std::int64_t current_ = 0;             // bucket number: time >> shift_
  std::size_t read_ = 0;                 // events of the current bucket that were popped
  std::size_t in_ring_ = 0;              // events in buckets_, not popped
  detail::EventHeap heap_;
  std::uint32_t next_;
};

/// Pops events and calls `handler(TimePoint time, std::uint32_t payload)` until none is left. The handler may
/// push (to the same queue, at its time or later). Returns how many events were handled.
template <typename Queue, typename Handler>
std::uint64_t run(Queue& queue, Handler&& handler) {
  std::uint64_t handled = 0;
  for (; !queue.empty(); ++handled) {
    const Event event = queue.pop();
    handler(TimePoint{event.time}, event.payload);
  }
  return handled;
}

}  // namespace stagecraft
