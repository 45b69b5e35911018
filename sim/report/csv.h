#pragma once

#include <string>
#include <string_view>

#include "sim/report/selection.h"
#include "sim/report/text.h"

namespace stagecraft {

/// Nanoseconds as exact seconds, which is how CSVs have times.
inline Decimal in_seconds(Duration time) {
  return {time.count(), 9};
}

/// Any text as one cell: in quotes, those in it doubled.
struct CsvText {
  std::string_view text;
};
void append_to(std::string& to, CsvText cell);

/// Writes `timeline` as CSV, a line per op and per bubble, by rank and then by time:
///
///     rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for
///     0,0F0,forward,0,0,0,0.001,,
///     0,,bubble,,,0.001,0.0025,drain,1B0
///
/// Times are seconds as exact decimals. What does not apply is empty: the micro-batch of an op that runs
/// once a step, the cause of an op, the stage of a bubble.
void write_csv(const Timeline& timeline, const Selection& selection, TextSink& sink);

}  // namespace stagecraft
