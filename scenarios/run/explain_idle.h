#pragma once

#include <string>
#include <vector>

#include "scenarios/run/run.h"

namespace stagecraft {

/// What a rank waits for most: results of one kind of op of one stage, all micro-batches together.
struct Waits {
  int rank = 0;
  BubbleCause cause = BubbleCause::Tail;
  std::string waits_for;  ///< "1F of micro-batch 3" where it is one, "1F of 5 micro-batches"; empty: nothing
  Duration time{0};
};

/// A change of the scenario, and what the step takes with it.
struct Remedy {
  std::string what;  ///< "kfkb group=2", "transfers in no time"
  Duration makespan{0};
  double memory = 1;      ///< peak over the scenario's own; 1 for what cannot be bought
  bool schedule = false;  ///< a schedule that can be set; otherwise a bound on what less of something can bring
};

/// Why ranks idle, and what would help.
struct IdleExplanation {
  std::vector<Waits> waits;       ///< of every rank with idle time the three longest, the longest first
  std::vector<Remedy> remedies;   ///< that shorten the step, the shortest step first
};

/// Simulates what could remove idle time: transfers in no time, stages of equal cost, twice the micro-batches, and the
/// schedules that are made for the causes that are there. `run` is that of the scenario
/// at `path` with `overrides`, with bubbles. Some
/// ten simulations of the scenario's size. A schedule that the scenario does not allow is left out.
IdleExplanation explain_idle(const std::string& path, const std::vector<std::string>& overrides,
                             const RunResult& run);

/// Lines below a report.
std::string idle_report(const RunResult& run, const IdleExplanation& explanation);

}  // namespace stagecraft
