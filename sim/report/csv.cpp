#include "sim/report/csv.h"

namespace stagecraft {

namespace {

void write_op(const Timeline& timeline, std::size_t rank, std::size_t index, TextWriter& out) {
  const Op& op = timeline.ops[index];
  const OpKindInfo& kind = info(op.kind);
  out.put(rank, ',', to_string(op), ',', kind.name, ',', op.stage, ',');
  if (kind.per_microbatch) out.put(op.microbatch);
  out.put(',', in_seconds(timeline.start[index]), ',', in_seconds(timeline.end[index]), ",,\n");
}

void write_bubble(const Timeline& timeline, std::size_t rank, const Bubble& bubble, TextWriter& out) {
  out.put(rank, ",,bubble,,,", in_seconds(bubble.start), ',', in_seconds(bubble.end), ',',
          info(bubble.cause).key, ',');
  if (bubble.waits_for != kNoOp) out.put(to_string(timeline.ops[bubble.waits_for]));
  out.put('\n');
}

void write_rank(const Timeline& timeline, std::size_t rank, const Selection& selection, TextWriter& out) {
  const IndexRange ops = shown_ops(timeline, rank, selection);
  auto bubbles = shown_bubbles(timeline, rank, selection);
  const auto write_bubbles_before = [&](TimePoint time) {
    for (; !bubbles.empty() && bubbles.front().start < time; bubbles = bubbles.subspan(1)) {
      write_bubble(timeline, rank, bubbles.front(), out);
    }
  };
  for (std::size_t op = ops.first; op < ops.last; ++op) {
    write_bubbles_before(timeline.start[op]);
    write_op(timeline, rank, op, out);
  }
  write_bubbles_before(TimePoint::max());
}

}  // namespace

void append_to(std::string& to, CsvText cell) {
  to += '"';
  for (const char letter : cell.text) {
    if (letter == '"') to += '"';
    to += letter;
  }
  to += '"';
}

void write_csv(const Timeline& timeline, const Selection& selection, TextSink& sink) {
  TextWriter out(sink);
  out.put("rank,op,kind,stage,microbatch,start_s,end_s,cause,waits_for\n");
  const IndexRange ranks = shown_ranks(timeline, selection);
  for (std::size_t rank = ranks.first; rank < ranks.last; ++rank) write_rank(timeline, rank, selection, out);
  out.flush();
}

}  // namespace stagecraft
