#pragma once

#include <string>
#include <vector>

#include "scenarios/run/compare.h"
#include "sim/report/text.h"

namespace stagecraft {

/// What a schedule of a comparison holds at most, in bytes per device, or where the scenario gives none in
/// peak_microbatches().
double memory_of(const Compared& run);

/// Of each run: whether no other one that was simulated is as fast with less memory, or faster with as much
/// (Pareto's front). Runs that were left out are not.
std::vector<bool> pareto(const Comparison& comparison);

/// What the table says, in sentences: the fastest schedule and how far ahead it is, what less memory costs,
/// the best settings of each schedule, and the fastest one in the memory of the first alternative.
std::vector<std::string> in_words(const Comparison& comparison);

/// Throughput over peak memory of every schedule that was simulated, with the front, as SVG.
void write_tradeoff(const Comparison& comparison, TextSink& sink);

}  // namespace stagecraft
