// Event-driven simulation of a task graph: the ends of tasks and the arrivals of their data are events.
#include "sim/engine/events.h"

#include <algorithm>

#include "sim/engine/consumers.h"
#include "sim/engine/event_queue.h"
#include "sim/engine/times_writer.h"

namespace stagecraft {
namespace {

// Payload: a resource whose task ends, or, with the top bit set, a task at which data arrives.
constexpr std::uint32_t kArrival = 0x80000000u;

// How many tasks ahead of a resource's next one memory is asked for.
constexpr TaskId kAhead = 8;

template <typename Queue>
class Simulation {
 public:
  Simulation(const TaskGraph& graph, const EventOptions& options, Queue queue, TaskTimes reuse)
      : graph_(graph),
        options_(options),
        queue_(std::move(queue)),
        consumers_(graph),
        heads_(graph.resources()),
        link_free_(graph.links, TimePoint{0}),
        result_{.times = std::move(reuse), .transfers = {}},
        writer_(graph.begin, result_.times) {
    for (std::size_t r = 0; r < heads_.size(); ++r) {
      heads_[r].next = static_cast<TaskId>(graph.begin[r]);
      heads_[r].past = static_cast<TaskId>(graph.begin[r + 1]);
    }
  }

  std::variant<EventRun, Deadlock> run() {
    for (std::uint32_t r = 0; r < graph_.resources(); ++r) start_next(r, TimePoint{0});
    result_.queue_events = stagecraft::run(queue_, [this](TimePoint now, std::uint32_t payload) {
      if ((payload & kArrival) != 0) {
        arrive(payload & ~kArrival, now);
      } else {
        finish(payload, now);
      }
    });
    if (std::ranges::any_of(heads_, [](const Head& head) { return head.next != head.past; }))
      return deadlock();
    writer_.finish();
    std::ranges::sort(result_.transfers, {},
                      [](const InputTransfer& transfer) { return std::pair(transfer.to, transfer.input); });
    return std::move(result_);
  }

 private:
  struct Head {
    TaskId next = 0;  // runs, or runs next
    TaskId past = 0;  // after the last one
    bool busy = false;
  };

  Deadlock deadlock() const {
    std::vector<TaskId> next;
    for (const Head& head : heads_) next.push_back(head.next);
    return explain_deadlock(graph_, next);
  }

  void start_next(std::uint32_t resource, TimePoint now) {
    Head& head = heads_[resource];
    if (head.next == head.past || consumers_.waits(head.next) != 0) return;
    const TimePoint end = now + graph_.costs[graph_.tasks[head.next].cost].duration;
    head.busy = true;
    // The next lines of the resource's tasks: with hundreds of resources the processor does not guess them.
    __builtin_prefetch(graph_.tasks.data() + head.next + kAhead);
    consumers_.prefetch(head.next + kAhead);
    writer_.put(resource, now, end);
    queue_.push(end, resource);
  }

  void finish(std::uint32_t resource, TimePoint now) {
    Head& head = heads_[resource];
    const TaskId task = head.next++;
    head.busy = false;
    consumers_.for_each(task, [&](const Consumer& consumer) { send(task, consumer, now); });
    start_next(resource, now);
  }

  void send(TaskId from, const Consumer& to, TimePoint now) {
    TimePoint start = now;
    if (options_.contention && to.link != kNoLink) {
      start = std::max(now, link_free_[to.link]);
      link_free_[to.link] = start + to.latency;
    }
    const TimePoint end = start + to.latency;
    if (options_.transfers && (to.link != kNoLink || to.latency.count() > 0)) {
      result_.transfers.push_back(
          {.from = from, .to = to.task, .input = to.input, .link = to.link, .start = start, .end = end});
    }
    queue_.push(end, kArrival | to.task);
  }

  void arrive(TaskId task, TimePoint now) {
    if (--consumers_.waits(task) > 0) return;
    const std::uint32_t resource = graph_.tasks[task].resource;
    if (heads_[resource].next == task && !heads_[resource].busy) start_next(resource, now);
  }

  const TaskGraph& graph_;
  const EventOptions options_;
  Queue queue_;
  Consumers consumers_;
  std::vector<Head> heads_;
  std::vector<TimePoint> link_free_;
  EventRun result_;
  BlockedTimes writer_;
};

std::vector<Duration> delays(const TaskGraph& graph) {
  std::vector<Duration> delays;
  for (const TaskCost& cost : graph.costs) {
    delays.insert(delays.end(), {cost.duration, cost.latency[0], cost.latency[1]});
  }
  return delays;
}

}  // namespace

std::variant<EventRun, Deadlock> simulate_events(const TaskGraph& graph, const EventOptions& options,
                                                 TaskTimes reuse) {
  const std::vector<Duration> all = delays(graph);
  const bool timeless = std::ranges::all_of(all, [](Duration delay) { return delay.count() == 0; });
  if (options.queue == QueueKind::Heap || (options.queue == QueueKind::Auto && timeless)) {
    return Simulation<HeapQueue>(graph, options, HeapQueue(), std::move(reuse)).run();
  }
  return Simulation<BucketQueue>(graph, options, BucketQueue(bucket_shape(all)), std::move(reuse)).run();
}

}  // namespace stagecraft
