#pragma once

#include "sim/engine/replay.h"
#include "sim/pipeline/schedule_index.h"

namespace stagecraft {

/// The deadlock in words: the circle of waits, op by op and rank by rank. Blames the first op of the circle.
ScheduleFault explain(const Deadlock& deadlock, const TaskGraph& graph, const Schedule& schedule);

}  // namespace stagecraft
