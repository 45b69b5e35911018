#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "scenarios/run/explain_idle.h"
#include "scenarios/run/run.h"
#include "sim/report/svg.h"

namespace stagecraft {

/// A few lines in words and units: the step, its idle time by cause, memory, throughput, and what was
/// published beside it. `colour` adds terminal colours.
std::string console_report(const RunResult& run, bool colour);

/// The run as JSON: the contract of `stagecraft run --json`. `version` is the program's. With
/// `idle` also what ranks wait for and what would help.
std::string json_report(const RunResult& run, std::string_view version,
                        const IdleExplanation* idle = nullptr);

/// The key "notes" of a report.
void write_notes(JsonWriter& json, const std::vector<std::string>& notes);

/// The key "uncertainty" of a report.
void write_uncertainty(JsonWriter& json, const Uncertainty& uncertainty);

/// Title and subtitle of the run's picture.
SvgOptions svg_options(const RunResult& run);

}  // namespace stagecraft
