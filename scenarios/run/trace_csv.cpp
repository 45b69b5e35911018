#include "scenarios/run/trace_report.h"
#include "sim/report/csv.h"

namespace stagecraft {

namespace {

std::string_view class_name(WorkClass work) {
  if (work == WorkClass::Copy) return "copy";
  return work == WorkClass::Compute ? "compute" : "communication";
}

void write_rank(std::size_t index, const RankActivity& rank, TextWriter& out) {
  std::size_t next = 0;
  const auto write_idle_before = [&](TimePoint time) {
    for (; next < rank.idle.size() && rank.idle[next].start < time; ++next)
      out.put(index, ",,,idle,", in_seconds(rank.idle[next].start), ',', in_seconds(rank.idle[next].end), ',',
              info(rank.idle[next].cause).key, '\n');
  };
  for (const Work& work : rank.work) {
    write_idle_before(work.start);
    out.put(index, ',', CsvText{work.name}, ',');
    if (work.stream >= 0) out.put(work.stream);
    out.put(',', class_name(work.work), ',', in_seconds(work.start), ',', in_seconds(work.end), ",\n");
  }
  write_idle_before(TimePoint::max());
}

}  // namespace

void write_csv(const TraceResult& result, TextSink& sink) {
  if (result.own) return write_csv(result.own->timeline, result.own->shown, sink);
  TextWriter out(sink);
  out.put("rank,name,stream,class,start_s,end_s,cause\n");
  for (std::size_t rank = 0; rank < result.trace.ranks.size(); ++rank)
    write_rank(rank, result.trace.ranks[rank], out);
  out.flush();
}

}  // namespace stagecraft
