#pragma once

#include <string>
#include <string_view>

#include "scenarios/run/trace_run.h"
#include "sim/report/text.h"

namespace stagecraft {

/// What a trace says in a few lines for people; with a simulated step beside it, a table of both and how they
/// differ. `colour` adds terminal colours.
std::string console_report(const TraceResult& result, bool colour);

/// The same as one JSON object: means over ranks, each rank, what was taken for communication, named ranges,
/// and the simulated step. `version` is the program's.
std::string json_report(const TraceResult& result, std::string_view version);

/// A line per kernel, copy and idle stretch of a profiler's trace, by rank and then by start; of a trace of
/// Stagecraft's, what write_csv() writes of a Timeline:
///
///     rank,name,stream,class,start_s,end_s,cause
///     0,"gemm<128, 64>",7,compute,0,0.0001,
///     0,,,idle,0.0001,0.00012,host
void write_csv(const TraceResult& result, TextSink& sink);

/// Rows of the trace, each rank's compute with its idle time above its communication, and below them those of
/// the simulated step over the same time axis.
void write_svg(const TraceResult& result, TextSink& sink);

}  // namespace stagecraft
