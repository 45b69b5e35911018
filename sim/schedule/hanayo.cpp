// Hanayo. Liu et al., "Hanayo: Harnessing Wave-like Pipeline Parallelism for Enhanced Large Model Training
// Efficiency", SC 2023, section 3.
#include "sim/schedule/generators.h"
#include "sim/schedule/list_schedule.h"

namespace stagecraft {

Schedule hanayo(const ScheduleShape& shape) {
  const int p = shape.ranks;
  ListRules rules;
  for (int stage = 0; stage < shape.stages(); ++stage) {
    const int along = stage % (2 * p);  // down to the last rank and back again
    rules.rank_of.push_back(along < p ? along : 2 * p - 1 - along);
  }
  const auto microbatches = static_cast<std::size_t>(shape.microbatches);
  rules.replica_of.assign(microbatches, 0);
  rules.group.assign(microbatches, 0);
  for (std::size_t m = 0; m < microbatches; ++m) rules.turn.push_back(static_cast<std::uint32_t>(m));
  rules.most_held.assign(static_cast<std::size_t>(p), shape.stages());
  return list_schedule(shape, rules);
}

}  // namespace stagecraft
