#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "scenarios/run/trace_report.h"
#include "sim/report/lanes.h"
#include "sim/report/svg.h"

namespace stagecraft {

namespace {

/// Styles: op kinds, then idle causes, then classes of work.
constexpr std::size_t kCauseStyles = kOpKinds;
constexpr std::size_t kClassStyles = kCauseStyles + kIdleCauses;

/// Of the causes that only traces have.
constexpr std::array<Hatch, kIdleCauses - kBubbleCauses> kTraceHatches{{
    {{0xEA, 0xF3, 0xFB}, {0x8F, 0xB6, 0xD9}, "M-1 7L7-1M-1 1L1-1M5 7L7 5"},
    {{0xFB, 0xE9, 0xE7}, {0xE0, 0x8A, 0x7A}, "M-1-1L7 7M5-1L7 1M-1 5L1 7"},
    {{0xEE, 0xF6, 0xEA}, {0x9C, 0xC3, 0x8A}, "M0 3h6"},
    {{0xF2, 0xF2, 0xF2}, {0xBB, 0xBB, 0xBB}, "M2 3h1.5M5 0h1.5"},
}};

std::vector<LaneStyle> lane_styles() {
  std::vector<LaneStyle> styles;
  for (const OpKindInfo& kind : op_kinds())
    styles.push_back({.name = std::string(kind.name), .fill = fill(kind.kind, 0, 1)});
  for (std::size_t i = 0; i < kIdleCauses; ++i)
    styles.push_back(
        {.name = fmt::format("idle: {}", idle_causes()[i].name),
         .hatched = true,
         .hatch = i < kBubbleCauses ? hatch(static_cast<BubbleCause>(i)) : kTraceHatches[i - kBubbleCauses]});
  // None of the ops' colours, since both may stand in one picture.
  styles.push_back({.name = "compute kernels", .fill = {0x5B, 0x73, 0x8E}});
  styles.push_back({.name = "communication", .fill = {0xB8, 0x3A, 0x3A}});
  styles.push_back({.name = "copies and memsets", .fill = {0xC9, 0xB7, 0x8C}});
  return styles;
}

void add_idle(const RankActivity& rank, Lane& lane) {
  for (const IdleStretch& idle : rank.idle)
    lane.boxes.push_back({idle.start, idle.end, kCauseStyles + static_cast<std::size_t>(idle.cause), "",
                          fmt::format("idle: {}", info(idle.cause).name)});
}

void add_work(const RankActivity& rank, WorkClass wanted, Lane& lane) {
  for (const Work& work : rank.work)
    if (work.work == wanted)
      lane.boxes.push_back({work.start, work.end, kClassStyles + static_cast<std::size_t>(wanted), "",
                            std::string(work.name)});
}

/// Transfers of a rank have no names: where they overlap, one box.
void add_times(const RankActivity& rank, Lane& lane) {
  for (const Interval& time : times_of(rank, WorkClass::Communication))
    lane.boxes.push_back({time.start, time.end, kClassStyles + 1, "", "communication"});
}

void add_lane(Lane lane, LanePicture& picture) {
  if (!lane.boxes.empty()) picture.lanes.push_back(std::move(lane));
}

void add_profile(const MeasuredRanks& trace, LanePicture& picture) {
  for (const RankActivity& rank : trace.ranks) {
    Lane compute{.name = printable(rank.name) + " compute", .boxes = {}, .starts_group = true};
    add_work(rank, WorkClass::Copy, compute);
    add_idle(rank, compute);
    add_work(rank, WorkClass::Compute, compute);
    add_lane(std::move(compute), picture);
    Lane communication{.name = printable(rank.name) + " comm."};
    add_work(rank, WorkClass::Communication, communication);
    add_lane(std::move(communication), picture);
  }
}

void add_ops(const Timeline& timeline, std::size_t rank, Lane& lane) {
  for (std::size_t i = timeline.begin[rank]; i < timeline.begin[rank + 1]; ++i) {
    const Op& op = timeline.ops[i];
    const OpKindInfo& kind = info(op.kind);
    if (!kind.compute && timeline.end[i] == timeline.start[i]) continue;
    lane.boxes.push_back({timeline.start[i], timeline.end[i], static_cast<std::size_t>(op.kind),
                          kind.per_microbatch ? std::to_string(op.microbatch) : "",
                          fmt::format("{} {}", to_string(op), kind.name)});
  }
}

void add_timeline(const Timeline& timeline, const MeasuredRanks& ranks, std::string_view whose,
                  LanePicture& picture) {
  for (std::size_t r = 0; r < ranks.ranks.size(); ++r) {
    const RankActivity& rank = ranks.ranks[r];
    Lane compute{.name = fmt::format("{}{}", whose, printable(rank.name)), .boxes = {}, .starts_group = true};
    add_idle(rank, compute);
    add_ops(timeline, r, compute);
    add_lane(std::move(compute), picture);
    Lane communication{.name = fmt::format("{}{} comm.", whose, printable(rank.name))};
    add_times(rank, communication);
    add_lane(std::move(communication), picture);
  }
}

std::string files_text(const TraceResult& result) {
  std::string text;
  for (const std::string& file : result.files) text += (text.empty() ? "" : ", ") + printable(file);
  return text;
}

}  // namespace

void write_svg(const TraceResult& result, TextSink& sink) {
  LanePicture picture{.title = files_text(result), .styles = lane_styles()};
  if (result.own && !result.simulated)
    return write_svg(result.own->timeline, SvgOptions{.selection = result.own->shown, .title = picture.title},
                     sink);
  if (result.own)
    add_timeline(result.own->timeline, result.trace, "trace ", picture);
  else
    add_profile(result.trace, picture);
  picture.subtitle = counted(std::ssize(result.trace.ranks), result.own ? "rank" : "GPU");
  if (result.simulated) {
    add_timeline(result.run->timeline, *result.simulated, "simulated ", picture);
    picture.subtitle += fmt::format(" above {}, {}, {}", printable(result.run->built.name),
                                    printable(result.run->built.schedule_name),
                                    counted(std::ssize(result.simulated->ranks), "rank"));
  }
  write_lanes_svg(picture, sink);
}

}  // namespace stagecraft
