#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "scenarios/run/idle_waits.h"
#include "scenarios/run/run.h"

namespace stagecraft {

/// A change of the scenario, and what the step takes with it.
struct Remedy {
  std::string what;  ///< "kfkb group=2", "transfers in no time"
  Duration makespan{0};
  double memory = 1;  ///< of a schedule: its peak over the scenario's own
  bool schedule =
      false;  ///< a schedule that can be set; otherwise a bound on what less of something can bring
};

/// A schedule that the scenario does not allow, and why.
struct NotTried {
  std::string what;
  std::string reason;
};

/// Why ranks idle, and what would help.
struct IdleExplanation {
  std::vector<Waits> waits;
  std::vector<Remedy> remedies;  ///< that shorten the step, the shortest step first
  std::vector<NotTried> not_tried;
};

/// Simulates what could remove idle time: transfers in no time, stages of equal cost, twice the
/// micro-batches, and the schedules that are made for the causes that are there. `run` is that of the
/// scenario at `path` with `overrides`, with bubbles. Some ten simulations of the scenario's size.
IdleExplanation explain_idle(const std::string& path, const std::vector<std::string>& overrides,
                             const RunResult& run);

/// Lines below a report.
std::string idle_report(const RunResult& run, const IdleExplanation& explanation);

/// The keys "waits", "remedies" and "not_tried" of a report.
void write_idle(JsonWriter& json, const IdleExplanation& explanation);

}  // namespace stagecraft
