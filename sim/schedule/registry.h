#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/schedule/schedule.h"

namespace stagecraft {

/// A schedule that can be named in a scenario.
struct ScheduleEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  bool chunked;                                ///< may hold more than one stage per rank
  Schedule (*generate)(const ScheduleShape&);  ///< for a shape that unmet_condition() accepts
};

/// Every schedule, in the order in which `stagecraft list schedules` shows them.
std::span<const ScheduleEntry> schedules();

/// The entry of that name; nullptr when there is none.
const ScheduleEntry* find_schedule(std::string_view name);

/// What the shape lacks for this schedule, in words; empty when nothing. Also the limits that all
/// schedules share: p, m, v >= 1, p*v <= kMaxStages and fewer than 2^31 - 2 ops.
std::string unmet_condition(const ScheduleEntry& entry, const ScheduleShape& shape);

}  // namespace stagecraft
