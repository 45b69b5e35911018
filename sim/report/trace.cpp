// Rules of the Trace Event Format that are easy to break, and how they are kept here:
// - pid 0 and tid 0 have a meaning of their own: both start at 1.
// - "X" slices on one track must nest; sends that overlap go to several tracks.
// - Metadata carries no "ts".
// - A flow's start "s" binds to the slice that is open on its track, so it is written after that slice and
//   lies inside it; the finish "f" needs "bp":"e" to bind to the slice at its own time and not to the next.
// - Colours come from the slice's name without digits, so the op's name alone gives stable colours.
#include "sim/report/trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/report/trace_transfers.h"

namespace stagecraft {

namespace {

/// Nanoseconds as exact microseconds.
Decimal microseconds(Duration time) {
  return {time.count(), 3};
}

/// The op's name as in to_string(Op), without an allocation.
struct OpName {
  const Op& op;
};
void append_to(std::string& to, OpName name) {
  const OpKindInfo& kind = info(name.op.kind);
  if (kind.kind == OpKind::ForwardBackward) {
    to += '(';
    append_to(to, OpName{forward_half(name.op)});
    to += ';';
    append_to(to, OpName{backward_half(name.op)});
    to += ')';
    to += kind.letter;
    return;
  }
  stagecraft::append_to(to, Decimal{name.op.stage, 0});
  to += kind.letter;
  if (kind.per_microbatch) stagecraft::append_to(to, Decimal{name.op.microbatch, 0});
  if (name.op.segment == 0) return;
  to += '.';
  stagecraft::append_to(to, Decimal{name.op.segment, 0});
}

/// Where an event is drawn.
struct Track {
  std::uint64_t pid;
  std::uint64_t tid;
};
void append_to(std::string& to, Track track) {
  to += "\"pid\":";
  stagecraft::append_to(to, Decimal{static_cast<std::int64_t>(track.pid), 0});
  to += ",\"tid\":";
  stagecraft::append_to(to, Decimal{static_cast<std::int64_t>(track.tid), 0});
}

/// Where a slice is in time.
struct Span {
  TimePoint start;
  TimePoint end;
};
void append_to(std::string& to, Span span) {
  to += ",\"ts\":";
  stagecraft::append_to(to, microseconds(span.start));
  to += ",\"dur\":";
  stagecraft::append_to(to, microseconds(span.end - span.start));
}

/// The tracks of a process from top to bottom.
enum TrackSlot : std::uint64_t { kCompute = 0, kIdle = 1, kSends = 2 };

class TraceWriter {
 public:
  TraceWriter(const Timeline& timeline, const TraceOptions& options, TextSink& sink)
      : timeline_(timeline), options_(options), out_(sink) {
    if (options.transfers) transfers_ = shown_transfers(timeline, options.selection);
    sends_ = transfers_.sends;
    receives_ = transfers_.receives;
    starts_ = transfers_.starts;
    ends_ = transfers_.ends;
  }

  void write() {
    out_.put("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    const IndexRange ranks = shown_ranks(timeline_, options_.selection);
    if (ranks.size() > 0 && cuts(timeline_, options_.selection)) write_cut(ranks);
    for (std::size_t rank = ranks.first; rank < ranks.last; ++rank) write_rank(rank);
    for (const TransferKey& key : late_ends_) write_late_flow_end(key);
    out_.put("\n]}\n");
    out_.flush();
  }

 private:
  std::uint64_t pid(std::size_t rank) const { return rank + 1; }

  /// Unique over all processes. Compute has tid = pid, which viewers take for the main thread and put first.
  Track track(std::size_t rank, std::uint64_t slot) const {
    return {pid(rank), pid(rank) + slot * static_cast<std::uint64_t>(timeline_.ranks())};
  }

  void begin_event() {
    out_.put(first_ ? "\n{" : ",\n{");
    first_ = false;
  }

  void write_cut(IndexRange ranks) {
    const Selection& shown = options_.selection;
    begin_event();
    out_.put("\"name\":\"", kTraceCut, "\",\"ph\":\"M\",", track(ranks.first, kCompute),
             ",\"args\":{\"window_from\":", microseconds(std::max(shown.from, TimePoint{0})),
             ",\"window_to\":", microseconds(std::min(shown.to, timeline_.makespan)),
             ",\"makespan\":", microseconds(timeline_.makespan), ",\"first_rank\":", ranks.first,
             ",\"last_rank\":", ranks.last - 1, ",\"ranks\":", timeline_.ranks(), "}}");
  }

  void write_rank(std::size_t rank) {
    write_process(rank);
    write_thread(rank, kCompute, "compute");
    write_ops(rank);
    write_bubbles(rank);
    write_transfers(rank);
    write_counters(rank);
  }

  void write_transfers(std::size_t rank) {
    const auto sends = take_until(sends_, timeline_.begin[rank + 1]);
    const auto receives = take_until(receives_, timeline_.begin[rank + 1]);
    std::uint64_t slot = kSends;
    const auto write = [&](std::span<const TransferKey> keys, bool backward, std::string_view name) {
      const SendTracks tracks = tracks_of(timeline_, keys, backward);
      for (std::uint32_t i = 0; i < tracks.tracks; ++i) write_thread(rank, slot + i, name);
      for (const TrackedSend& send : tracks.sends) write_transfer(send.transfer, rank, slot + send.track);
      slot += tracks.tracks;
    };
    write(sends, false, "sends (activations)");
    write(sends, true, "sends (gradients)");
    write(receives, false, "receives (activations)");
    write(receives, true, "receives (gradients)");
  }

  /// As what `rank` sends or, where another rank sends it, receives.
  void write_transfer(std::uint32_t index, std::size_t rank, std::uint64_t slot) {
    const Transfer& transfer = timeline_.transfers[index];
    const std::size_t from = rank_of(timeline_, transfer.from_op), to = rank_of(timeline_, transfer.to_op);
    begin_event();
    out_.put("\"name\":\"", from == rank ? "send " : "receive ", OpName{timeline_.ops[transfer.from_op]},
             "\",\"cat\":\"communication\",\"ph\":\"X\",", track(rank, slot),
             Span{transfer.start, transfer.end}, ",\"args\":{\"to\":\"",
             OpName{timeline_.ops[transfer.to_op]},
             from == rank ? "\",\"to_rank\":" : "\",\"from_rank\":", from == rank ? to : from,
             ",\"transfer\":", index + 1, "}}");
  }

  void write_process(std::size_t rank) {
    begin_event();
    out_.put("\"name\":\"process_name\",\"ph\":\"M\",\"pid\":", pid(rank), ",\"args\":{\"name\":\"",
             JsonText{rank_name(timeline_, rank)}, "\"}}");
    begin_event();
    out_.put("\"name\":\"process_sort_index\",\"ph\":\"M\",\"pid\":", pid(rank),
             ",\"args\":{\"sort_index\":", pid(rank), "}}");
  }

  void write_thread(std::size_t rank, std::uint64_t slot, std::string_view name) {
    begin_event();
    out_.put("\"name\":\"thread_name\",\"ph\":\"M\",", track(rank, slot), ",\"args\":{\"name\":\"", name,
             "\"}}");
    begin_event();
    out_.put("\"name\":\"thread_sort_index\",\"ph\":\"M\",", track(rank, slot),
             ",\"args\":{\"sort_index\":", slot + 1, "}}");
  }

  void write_ops(std::size_t rank) {
    const IndexRange ops = shown_ops(timeline_, rank, options_.selection);
    const Track compute = track(rank, kCompute);
    for (std::size_t op = ops.first; op < ops.last; ++op) {
      write_op(op, compute);
      for (const TransferKey& key : take_op(ends_, op)) {
        // Events of one time count in the order of the file, so an arrow's end must come after its start.
        const Transfer& transfer = timeline_.transfers[key.transfer];
        const bool early = transfer.from_op > op && flow_start(transfer) == timeline_.start[op];
        early ? late_ends_.push_back(key) : write_flow_end(key);
      }
      for (const TransferKey& key : take_op(starts_, op)) write_flow_start(key, compute);
    }
  }

  void write_op(std::size_t index, Track on) {
    const Op& op = timeline_.ops[index];
    const OpKindInfo& kind = info(op.kind);
    begin_event();
    out_.put("\"name\":\"", OpName{op}, kind.compute ? "\",\"cat\":\"compute" : "\",\"cat\":\"communication",
             "\",\"ph\":\"X\",", on, Span{timeline_.start[index], timeline_.end[index]},
             ",\"args\":{\"stage\":", op.stage);
    if (kind.per_microbatch || op.microbatch != 0) out_.put(",\"microbatch\":", op.microbatch);
    if (op.segment != 0) out_.put(",\"segment\":", op.segment);
    if (op.replica != 0) out_.put(",\"replica\":", op.replica);
    if (op.kind == OpKind::ForwardBackward) {
      out_.put(",\"backward_stage\":", op.partner_stage, ",\"backward_microbatch\":", op.partner_microbatch);
      if (op.partner_replica != 0) out_.put(",\"backward_replica\":", op.partner_replica);
    }
    out_.put(",\"kind\":\"", kind.name, "\"}}");
  }

  /// The last nanosecond of the producer, or its start where it takes no time.
  TimePoint flow_start(const Transfer& transfer) const {
    const TimePoint start = timeline_.start[transfer.from_op];
    const TimePoint end = timeline_.end[transfer.from_op];
    return end > start ? end - Duration{1} : start;
  }

  void write_flow_start(const TransferKey& key, Track on) {
    const Transfer& transfer = timeline_.transfers[key.transfer];
    write_flow(key, 's', on, flow_start(transfer));
    // What has no slice of its own is handed over when its producer ends, or says when.
    if (!has_slice(timeline_, transfer, {}) && transfer.start != timeline_.end[transfer.from_op])
      out_.put(",\"args\":{\"at\":", microseconds(transfer.start), "}");
    out_.put('}');
  }

  void write_flow_end(const TransferKey& key) {
    const std::size_t to = timeline_.transfers[key.transfer].to_op;
    write_flow(key, 'f', track(rank_of(timeline_, to), kCompute), timeline_.start[to]);
    out_.put(",\"bp\":\"e\"}");
  }

  /// Away from its consumer, so with the place of that among the ops that its rank shows.
  void write_late_flow_end(const TransferKey& key) {
    const std::size_t to = timeline_.transfers[key.transfer].to_op;
    const std::size_t rank = rank_of(timeline_, to);
    write_flow(key, 'f', track(rank, kCompute), timeline_.start[to]);
    out_.put(",\"bp\":\"e\",\"args\":{\"op\":", to - shown_ops(timeline_, rank, options_.selection).first,
             "}}");
  }

  void write_flow(const TransferKey& key, char phase, Track on, TimePoint time) {
    const bool backward = timeline_.transfers[key.transfer].backward;
    begin_event();
    out_.put("\"name\":\"", backward ? "gradient" : "activation", "\",\"cat\":\"transfer\",\"ph\":\"", phase,
             "\",\"id\":", key.transfer + 1, ",", on, ",\"ts\":", microseconds(time));
  }

  void write_bubbles(std::size_t rank) {
    const auto bubbles = shown_bubbles(timeline_, rank, options_.selection);
    if (!options_.bubbles || bubbles.empty()) return;
    write_thread(rank, kIdle, "idle");
    for (const Bubble& bubble : bubbles) {
      const BubbleCauseInfo& cause = info(bubble.cause);
      begin_event();
      out_.put("\"name\":\"bubble: ", cause.name, "\",\"cat\":\"idle\",\"ph\":\"X\",", track(rank, kIdle),
               Span{bubble.start, bubble.end}, ",\"args\":{\"cause\":\"", cause.key, "\"");
      if (bubble.waits_for != kNoOp) {
        const Op& op = timeline_.ops[bubble.waits_for];
        out_.put(",\"waits_for\":\"", OpName{op},
                 "\",\"waits_for_rank\":", rank_of(timeline_, bubble.waits_for));
        if (op.replica != 0) out_.put(",\"waits_for_replica\":", op.replica);
      }
      out_.put("}}");
    }
  }

  void write_counters(std::size_t rank) {
    if (!options_.counters) return;
    for (const Counter& counter : timeline_.counters) {
      if (counter.rank == rank) write_counter(counter);
    }
  }

  void write_counter(const Counter& counter) {
    const auto& samples = counter.samples;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      // A sample holds until the next one: the last one before the window is still the value in it.
      const TimePoint end = i + 1 < samples.size() ? samples[i + 1].time : TimePoint::max();
      if (!in_window(options_.selection, samples[i].time, end)) continue;
      begin_event();
      out_.put("\"name\":\"", JsonText{counter.name}, "\",\"ph\":\"C\",\"pid\":", pid(counter.rank),
               ",\"ts\":", microseconds(samples[i].time), ",\"args\":{\"", JsonText{counter.unit},
               "\":", samples[i].value, "}}");
    }
  }

  const Timeline& timeline_;
  const TraceOptions& options_;
  TextWriter out_;
  bool first_ = true;
  ShownTransfers transfers_;
  std::span<const TransferKey> sends_, receives_, starts_, ends_;  // what is left of those in transfers_
  std::vector<TransferKey> late_ends_;
};

}  // namespace

void write_trace(const Timeline& timeline, const TraceOptions& options, TextSink& sink) {
  TraceWriter(timeline, options, sink).write();
}

TraceSize trace_size(const Timeline& timeline, const TraceOptions& options) {
  std::int64_t ops = 0, bubbles = 0, sends = 0, samples = 0;
  const IndexRange ranks = shown_ranks(timeline, options.selection);
  for (std::size_t rank = ranks.first; rank < ranks.last; ++rank) {
    ops += static_cast<std::int64_t>(shown_ops(timeline, rank, options.selection).size());
    if (!options.bubbles) continue;
    bubbles += static_cast<std::int64_t>(shown_bubbles(timeline, rank, options.selection).size());
  }
  for (const Transfer& transfer : timeline.transfers) {
    if (!options.transfers || !has_slice(timeline, transfer, options.selection)) continue;
    sends += ranks.contains(rank_of(timeline, transfer.from_op)) ||
             ranks.contains(rank_of(timeline, transfer.to_op));
  }
  for (const Counter& counter : timeline.counters) {
    if (!options.counters || !ranks.contains(counter.rank)) continue;
    for (const auto& sample : counter.samples)
      samples += in_window(options.selection, sample.time, sample.time);
  }
  // Bytes per event as counted over traces of 1F1B; an arrow has two events.
  constexpr std::int64_t kOp = 133, kBubble = 160, kSend = 138, kArrow = 2 * 100, kSample = 80;
  return {.slices = ops + bubbles + sends,
          .bytes = ops * kOp + bubbles * kBubble + sends * (kSend + kArrow) + samples * kSample};
}

std::string trace_warning(const TraceSize& size) {
  if (size.slices <= kManyTraceSlices) return {};
  return fmt::format(
      "the trace has {} slices (about {} MB), and viewers get slow above {}; show less of it with "
      "--trace-window 0ms..50ms or --trace-ranks 0-3",
      size.slices, (size.bytes + 500'000) / 1'000'000, kManyTraceSlices);
}

}  // namespace stagecraft
