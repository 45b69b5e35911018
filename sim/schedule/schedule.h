#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/large_array.h"
#include "sim/schedule/op.h"

namespace stagecraft {

/// The shape that a generator needs.
struct ScheduleShape {
  int ranks = 1;         ///< p: pipeline positions
  int microbatches = 1;  ///< m: micro-batches per step
  int chunks = 1;        ///< v: stages per rank, so p*v stages in all
  int group = 0;  ///< micro-batches that move together, where a schedule has that: k of kFkB; 0: its default

  int replicas = 1;  ///< copies of the model that micro-batches run through in different directions
  int segments = 1;  ///< parts of a micro-batch's sequence that run one after the other

  int stages() const { return ranks * chunks; }
  bool operator==(const ScheduleShape&) const = default;
};

/// Segments of a sequence where a schedule cuts it and none are asked for.
inline constexpr int kDefaultSegments = 4;

/// The order in which every rank runs its ops. An order, not a timing: when each op starts is the
/// simulator's answer, so one schedule can be run under any costs.
///
/// Flat: the ops of rank 0, then of rank 1, ...; `begin` has ranks + 1 entries.
/// Invariants (check() proves them): every stage and micro-batch, with segments every part of it, has F once
/// and either B or I then W, after its F; segments go forward in order and backward in the opposite one; a
/// stage's ops in one replica all sit on one rank, and a micro-batch stays in one replica; the order has no
/// deadlock.
struct Schedule {
  LargeArray<Op> ops;
  std::vector<std::size_t> begin{0};

  int ranks() const { return static_cast<int>(begin.size()) - 1; }
  std::span<const Op> rank(int r) const {
    const auto at = static_cast<std::size_t>(r);
    return std::span(ops).subspan(begin[at], begin[at + 1] - begin[at]);
  }
  /// Ends the rank under construction: ops pushed since the last call are its list.
  void close_rank() { begin.push_back(ops.size()); }

  bool operator==(const Schedule&) const = default;
};

}  // namespace stagecraft
