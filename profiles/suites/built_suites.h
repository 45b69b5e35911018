#pragma once

#include <string_view>
#include <vector>

#include "profiles/suites/case.h"
#include "profiles/suites/timing.h"

namespace stagecraft {

/// How the points of a suite are measured.
struct BuiltSuite {
  std::string_view name;
  MakeCase make;
  /// Instead of `make`: what measures a point that is several rows, the point's own last.
  std::vector<MeasuredRow> (*measure)(Bench& bench, Tracer& tracer, const SuitePoint& point,
                                      const TimingRules& rules) = nullptr;
  bool traced;   ///< false: tracing would lengthen what it measures
  bool counted;  ///< whether hardware counters say something of one call: not of what a second kernel runs
                 ///< beside, nor of a launch
};

/// The suites that this build can measure: those whose libraries were found.
std::vector<std::string_view> built_suites();
/// Null where this build cannot measure it.
const BuiltSuite* find_built(std::string_view name);

}  // namespace stagecraft
