#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/units.h"
#include "sim/engine/replay.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// Which event queue a simulation runs on. The results are the same.
enum class QueueKind : std::uint8_t {
  Auto,     ///< buckets, unless all delays are zero
  Heap,     ///< 4-ary heap
  Buckets,  ///< ring of time buckets, as wide as bucket_shape() says for the graph's durations and latencies
};

struct EventOptions {
  QueueKind queue = QueueKind::Auto;
  /// Shared links (TaskCost::link, MoreInput::link) carry one transfer at a time, first come, first served,
  /// each for its latency. Transfers asked for at the same time are served in the order of their producers'
  /// ends, (time, sequence); those of one producer in the order of their consumers. Otherwise links are free.
  bool contention = false;
  /// Fill EventRun::transfers.
  bool transfers = false;
};

/// Data under way to one input of a task: [start, end). Without contention, start is the end of the producer.
struct InputTransfer {
  TaskId from = kNoTask;
  TaskId to = kNoTask;
  std::uint32_t input = 0;  ///< which input of `to`, in the order of for_each_input()
  std::uint32_t link = kNoLink;
  TimePoint start{0};
  TimePoint end{0};

  bool operator==(const InputTransfer&) const = default;
};

struct EventRun {
  TaskTimes times;
  /// By consumer, then by input. Only inputs that take time or cross a link.
  std::vector<InputTransfer> transfers;
  std::uint64_t queue_events = 0;  ///< ends of tasks and arrivals that went through the queue
};

/// Simulates `graph` event by event, as independent of replay() as can be: a resource starts its next task
/// when it is free and all inputs have arrived. Without contention it gives what replay() gives, to the
/// nanosecond. Throws std::length_error when the graph has 2^32 inputs or more.
/// `reuse` may hand back the TaskTimes of an earlier call.
std::variant<EventRun, Deadlock> simulate_events(const TaskGraph& graph, const EventOptions& options = {},
                                                 TaskTimes reuse = {});

}  // namespace stagecraft
