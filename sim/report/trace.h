#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/report/selection.h"
#include "sim/report/text.h"

namespace stagecraft {

/// What a trace holds.
struct TraceOptions {
  Selection selection{};
  bool transfers = true;  ///< sends as slices (a blocking send is an op) and arrows from producer to consumer
  bool bubbles = true;    ///< idle stretches as slices on their own track
  bool counters = true;
};

/// Writes `timeline` as Chrome-trace JSON ("Trace Event Format"), which Perfetto and chrome://tracing open.
/// Streams: memory does not grow with the number of slices, except 24 bytes per shown transfer.
///
/// One process per rank, pid = rank + 1, with the tracks "compute" (tid = pid), "idle", and as many
/// "sends (activations)" and "sends (gradients)" as it takes for slices on a track not to overlap. Times are
/// microseconds as exact decimals of the integer nanoseconds. Arrows (flow events) run from the last
/// nanosecond of the producer to the start of the consumer. An op's args hold its stage, micro-batch and
/// kind; a bubble's hold its cause and the op that it waits for; a send's the number of its arrow. A whole
/// trace says all that `timeline` does: see sim/trace/own_trace.h. One that the selection cuts begins with
/// metadata (kTraceCut) that says what it shows of what, and has what ranks that it shows receive from ranks
/// that it does not show on "receives" tracks, so that the numbers of the part can be read off it.
void write_trace(const Timeline& timeline, const TraceOptions& options, TextSink& sink);

/// The name of the metadata event of a cut trace. Its args: window_from, window_to and makespan of the whole
/// step in microseconds, first_rank and last_rank (included), and ranks, how many the step has.
inline constexpr std::string_view kTraceCut = "stagecraft_cut";

/// How large a trace becomes.
struct TraceSize {
  std::int64_t slices = 0;  ///< ops, bubbles, sends and receives
  std::int64_t bytes = 0;   ///< uncompressed, estimated from average lengths, within about a fifth
};
TraceSize trace_size(const Timeline& timeline, const TraceOptions& options);

/// Above this many slices viewers get slow or refuse.
inline constexpr std::int64_t kManyTraceSlices = 500'000;

/// What to tell the user about a trace of this size; empty up to kManyTraceSlices.
std::string trace_warning(const TraceSize& size);

}  // namespace stagecraft
