#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/large_array.h"
#include "base/units.h"
#include "sim/schedule/op.h"

namespace stagecraft {

/// Data on its way from one op to another on a different rank: [start, end).
struct Transfer {
  std::uint32_t from_op;  ///< index into Timeline::ops
  std::uint32_t to_op;    ///< index into Timeline::ops
  TimePoint start;
  TimePoint end;
  bool backward;  ///< a gradient; otherwise an activation
};

/// Why a rank is idle.
enum class BubbleCause : std::uint8_t {
  WarmUp,      ///< until the rank's first backward: the pipeline fills
  Drain,       ///< after the rank's last forward, waiting for a gradient: the pipeline empties
  Dependency,  ///< between the two, waiting for an op of another rank, beyond Imbalance
  Imbalance,   ///< the same, up to what the busiest rank computes more than this one
  Link,        ///< the input is made and on the link
  Tail,        ///< after the rank's last op, until the last rank is done
};
inline constexpr int kBubbleCauses = 6;

struct BubbleCauseInfo {
  BubbleCause cause;
  std::string_view key;   ///< in JSON and traces: "warm_up"
  std::string_view name;  ///< in words: "warm-up"
  std::string_view help;
};
/// One entry per BubbleCause, in the order of the enumeration.
std::span<const BubbleCauseInfo> bubble_causes();
inline const BubbleCauseInfo& info(BubbleCause cause) {
  return bubble_causes()[static_cast<std::size_t>(cause)];
}

/// A maximal idle stretch of a rank that has one cause: [start, end).
struct Bubble {
  std::uint32_t rank;
  BubbleCause cause;
  std::uint32_t waits_for;  ///< index into Timeline::ops of the op whose result is missing; kNoOp for Tail
  TimePoint start;
  TimePoint end;
};
inline constexpr std::uint32_t kNoOp = 0xFFFFFFFFu;

/// A quantity of one rank over time: value from the sample's time until the next sample's.
struct Counter {
  struct Sample {
    TimePoint time;
    std::int64_t value;
  };
  std::string name;  ///< "activations"
  std::string unit;  ///< "bytes"
  std::uint32_t rank = 0;
  std::vector<Sample> samples;  ///< times strictly increasing
};

/// When everything happened. Per rank, half-open intervals [start, end) that do not overlap, in order of
/// time; ops of rank r are begin[r] .. begin[r + 1].
struct Timeline {
  std::vector<std::size_t> begin{0};
  LargeArray<Op> ops;
  LargeArray<TimePoint> start;
  LargeArray<TimePoint> end;
  std::vector<Transfer> transfers;  ///< only filled when a report needs them
  std::vector<Bubble> bubbles;      ///< by rank, then by time
  std::vector<Counter> counters;
  std::vector<std::string> rank_names;  ///< "rank 0", or what a scenario calls it; empty: "rank N"
  TimePoint makespan{0};                ///< end of the last op

  int ranks() const { return static_cast<int>(begin.size()) - 1; }
};

}  // namespace stagecraft
