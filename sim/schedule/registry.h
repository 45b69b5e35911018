#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/schedule/schedule.h"

namespace stagecraft {

/// A rank's line in PyTorch's CSV: ops, and empty cells where the rank idles in the unit-time picture.
using ScheduleCells = std::vector<std::optional<Op>>;

struct Action;  // communication.h

/// A schedule that can be named in a scenario.
struct ScheduleEntry {
  std::string_view name;
  std::string_view summary;
  std::string_view source;
  bool chunked;                                ///< may hold more than one stage per rank
  Schedule (*generate)(const ScheduleShape&);  ///< for a shape that unmet_condition() accepts
  bool grouped = false;                        ///< reads ScheduleShape::group
  int chunks = 0;                              ///< how many it must hold; 0: any number
  int rounds = 0;          ///< micro-batches that it needs per rank; 0: any number of micro-batches
  int replicas = 1;        ///< copies of the model, run through in different directions
  bool segmented = false;  ///< cuts sequences into ScheduleShape::segments
  int default_chunks = 1;  ///< where `chunks` is 0 and none are asked for
  /// Micro-batches after which every stage's weights are updated, in 1f1b order without a flush, of a shape;
  /// null: once, at the end of the step.
  int (*update_every)(const ScheduleShape&) = nullptr;
  /// Versions of the weights that a rank keeps, so that a micro-batch's backward sees those of its forward;
  /// null: one.
  int (*weight_versions)(const ScheduleShape&, int rank) = nullptr;
  /// What else a shape lacks, in words; empty when nothing. Null: no other condition.
  std::string (*unmet)(const ScheduleShape&) = nullptr;
  /// Lays a rank's compute ops out as PyTorch's generator does; null where PyTorch has no such schedule, or
  /// one without idle cells.
  ScheduleCells (*pytorch_cells)(std::span<const Op> ops, const ScheduleShape& shape, int rank) = nullptr;
  bool pytorch_waits = false;  ///< PyTorch idles where an op waits in unit time
  /// The order with sends and receives of whoever published the schedule; null: as PyTorch lowers any.
  std::vector<std::vector<Action>> (*actions)(const ScheduleShape&) = nullptr;
  /// The order depends on costs: `generate` only says which rank holds which stage, and whoever knows the
  /// costs plans the order.
  bool planned = false;
  int planned_rounds = 0;  ///< of a planned one: it holds the activations of so many times p micro-batches
};

/// Every schedule, in the order in which `stagecraft list schedules` shows them.
std::span<const ScheduleEntry> schedules();

/// The entry of that name; nullptr when there is none.
const ScheduleEntry* find_schedule(std::string_view name);

/// The shape with what the schedule itself decides filled in: replicas.
ScheduleShape completed(const ScheduleEntry& entry, ScheduleShape shape);

/// What the shape lacks for this schedule, in words; empty when nothing. Also the limits that all
/// schedules share: p, m, v >= 1, p*v <= kMaxStages and fewer than 2^31 - 2 ops.
std::string unmet_condition(const ScheduleEntry& entry, const ScheduleShape& shape);

}  // namespace stagecraft
