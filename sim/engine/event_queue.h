#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
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
  // Without branches: which event is first is as good as random.
  return (a.time < b.time) | ((a.time == b.time) & (a.sequence < b.sequence));
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
      const std::size_t least = child + 4 <= count ? least_of_four(child) : least_from(child);
      if (!before(events_[least], event)) break;
      events_[at] = events_[least];
      at = least;
    }
    events_[at] = event;
  }

  std::size_t least_of_four(std::size_t child) const {
    const std::size_t a = child + before(events_[child + 1], events_[child]);
    const std::size_t b = child + 2 + before(events_[child + 3], events_[child + 2]);
    return before(events_[b], events_[a]) ? b : a;
  }
  std::size_t least_from(std::size_t child) const {
    std::size_t least = child;
    while (++child < events_.size()) least = before(events_[child], events_[least]) ? child : least;
    return least;
  }

  std::vector<Event> events_;
};

/// Gives events new, small sequence numbers in the same order. `for_each` calls its argument with every
/// event. Returns the next free number.
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
  int width_log2 = 12;   ///< a bucket spans 2^width_log2 ns
  int buckets_log2 = 9;  ///< 6 ... 24; the ring spans 2^(width_log2 + buckets_log2) ns
};

/// A shape for events that are pushed these delays ahead: the ring holds the longest of the common delays
/// (those up to 16 times the mean), and buckets are as narrow as that allows. No delays: one nanosecond wide.
BucketShape bucket_shape(std::span<const Duration> delays, int buckets_log2 = 9);

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
        first_(static_cast<std::size_t>(mask_) + 1, kNone),
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
    if (read_ == now_.size()) advance();
    if (!heap_.empty() && (read_ == now_.size() || before(heap_.top(), now_[read_]))) return heap_.pop();
    --in_ring_;
    return now_[read_++];
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  static constexpr std::size_t kMostMoved = 32;

  // An event of a bucket that is not sorted yet, or a free place.
  struct Waiting {
    Event event;
    std::uint32_t next = kNone;
  };

  std::size_t at(std::int64_t bucket) const { return static_cast<std::size_t>(bucket & mask_); }

  void insert(const Event& event) {
    const std::int64_t bucket = event.time >> shift_;
    if (bucket > current_ && bucket - current_ <= mask_) {
      const std::size_t index = at(bucket);
      first_[index] = store(event, first_[index]);
      occupied_[index / 64] |= std::uint64_t{1} << (index % 64);
      ++in_ring_;
    } else if (bucket > current_ || !insert_sorted(event)) {
      heap_.push(event);
    }
  }

  std::uint32_t store(const Event& event, std::uint32_t next) {
    if (free_ == kNone) {
      waiting_.push_back({.event = event, .next = next});
      return static_cast<std::uint32_t>(waiting_.size() - 1);
    }
    const std::uint32_t place = free_;
    free_ = waiting_[place].next;
    waiting_[place] = {.event = event, .next = next};
    return place;
  }

  // Into the current bucket; not when that moves too many.
  bool insert_sorted(const Event& event) {
    if (read_ >= 64 && 2 * read_ >= now_.size()) {  // a bucket that is never used up must not grow for ever
      now_.erase(now_.begin(), now_.begin() + static_cast<std::ptrdiff_t>(read_));
      read_ = 0;
    }
    std::size_t place = now_.size();
    const std::size_t least = now_.size() - std::min(now_.size() - read_, kMostMoved);
    while (place > least && before(event, now_[place - 1])) --place;
    if (place == least && place > read_ && before(event, now_[place - 1])) return false;
    now_.insert(now_.begin() + static_cast<std::ptrdiff_t>(place), event);
    ++in_ring_;
    return true;
  }

  // The current bucket is used up: goes on to the bucket of the next event.
  void advance() {
    now_.clear();
    read_ = 0;
    if (in_ring_ == 0) {  // then the clock may jump
      if (!heap_.empty()) current_ = std::max(current_, heap_.top().time >> shift_);
      return;
    }
    std::int64_t next = current_ + 1 + distance_to_occupied(at(current_ + 1));
    if (!heap_.empty()) next = std::clamp(heap_.top().time >> shift_, current_, next);
    current_ = next;
    take_bucket(at(current_));
  }

  // Moves the events of a bucket to now_ and sorts them.
  void take_bucket(std::size_t index) {
    std::uint32_t last = kNone;
    for (std::uint32_t place = first_[index]; place != kNone; place = waiting_[place].next) {
      now_.push_back(waiting_[place].event);
      last = place;
    }
    if (last == kNone) return;
    waiting_[last].next = free_;
    free_ = std::exchange(first_[index], kNone);
    occupied_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    sort();
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

  // Lists are last in, first out, so what was pushed in the order of time lies backwards.
  void sort() {
    std::ranges::reverse(now_);
    if (now_.size() > 32) {
      std::ranges::sort(now_, before);
      return;
    }
    for (std::size_t i = 1; i < now_.size(); ++i) {
      const Event event = now_[i];
      std::size_t place = i;
      for (; place > 0 && before(event, now_[place - 1]); --place) now_[place] = now_[place - 1];
      now_[place] = event;
    }
  }

  // Free places as well, whose events do not matter any more.
  template <typename Change>
  void for_each(Change&& change) {
    heap_.for_each(change);
    for (Event& event : now_) change(event);
    for (Waiting& waiting : waiting_) change(waiting.event);
  }

  int shift_;
  std::int64_t mask_;
  std::vector<std::uint32_t> first_;  // place of the last event pushed to a bucket; b of time is at b & mask_
  std::vector<std::uint64_t> occupied_;  // a bit per bucket
  std::vector<Waiting> waiting_;
  std::uint32_t free_ = kNone;  // list of places
  std::vector<Event> now_;      // the current bucket, sorted
  std::size_t read_ = 0;        // how many of now_ were popped
  std::int64_t current_ = 0;    // bucket number: time >> shift_
  std::size_t in_ring_ = 0;     // events in now_ and buckets, not popped
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
