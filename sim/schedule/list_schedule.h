#pragma once

#include <cstdint>
#include <vector>

#include "sim/schedule/schedule.h"

namespace stagecraft {

/// What list scheduling needs to know of a schedule whose order comes out of a picture with equal slots.
struct ListRules {
  std::vector<int> rank_of;              ///< by replica * stages + stage
  std::vector<std::uint8_t> replica_of;  ///< by micro-batch
  std::vector<std::uint32_t> group;      ///< by micro-batch: ops of a lower one go first
  std::vector<std::uint32_t> turn;       ///< by micro-batch: lower goes first among ops of one kind and group
  /// By rank * replicas + replica: the most forwards that wait for their backward there.
  std::vector<int> most_held;
};

/// List scheduling: every op takes one slot; in each slot every rank that can run something runs what has the
/// lowest group, then a backward before a forward, then the lowest turn and stage. Forwards wait while the
/// rank holds as many as it may. Forwards and full backwards only. REQUIRES: limits that let every group
/// through. O(ops log microbatches + slots * ranks).
Schedule list_schedule(const ScheduleShape& shape, const ListRules& rules);

}  // namespace stagecraft
