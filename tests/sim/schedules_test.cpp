#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <algorithm>

#include "sim/schedule/pytorch_csv.h"
#include "tests/sim/schedule_files.h"
#include "tests/sim/sim_helpers.h"

using namespace stagecraft;

namespace {

/// What PyTorch's compute-only notation can say.
Schedule compute_only(const Schedule& schedule) {
  Schedule result;
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    for (const Op& op : schedule.rank(rank))
      if (info(op.kind).compute) result.ops.push_back(op);
    result.close_rank();
  }
  return result;
}

}  // namespace

TEST_CASE("1F1B on 3 ranks and 4 microbatches is the order of the paper's figure", "[schedules]") {
  const Schedule s = find_schedule("1f1b")->generate({.ranks = 3, .microbatches = 4});
  CHECK(test::order(s, 0) == "0F0 0F1 0F2 0B0 0F3 0B1 0B2 0B3");
  CHECK(test::order(s, 1) == "1F0 1F1 1B0 1F2 1B1 1F3 1B2 1B3");
  CHECK(test::order(s, 2) == "2F0 2B0 2F1 2B1 2F2 2B2 2F3 2B3");
}

TEST_CASE("GPipe runs all forwards first", "[schedules]") {
  const Schedule s = find_schedule("gpipe")->generate({.ranks = 2, .microbatches = 3});
  CHECK(test::order(s, 1) == "1F0 1F1 1F2 1B0 1B1 1B2");
}

TEST_CASE("interleaved 1F1B with one chunk is 1F1B on the last rank", "[schedules][property]") {
  for (int p = 1; p <= 6; ++p) {
    for (int m = 1; m <= 3 * p; ++m) {
      const ScheduleShape shape{.ranks = p, .microbatches = m};
      const Schedule plain = find_schedule("1f1b")->generate(shape);
      const Schedule interleaved = find_schedule("interleaved-1f1b")->generate(shape);
      // Elsewhere it warms up with 2(p-1-s) forwards (SC'21) where 1F1B has p-1-s.
      CAPTURE(p, m);
      CHECK(test::order(plain, p - 1) == test::order(interleaved, p - 1));
    }
  }
}

TEST_CASE("groups of a size that was asked for are Megatron-LM's, the last one smaller", "[schedules]") {
  // microbatch_group_size_per_vp_stage = 3 of 5 micro-batches: chunk 0 of 0-2, chunk 1 of 0-2, then of 3-4.
  const Schedule schedule =
      find_schedule("interleaved-1f1b")->generate({.ranks = 2, .microbatches = 5, .chunks = 2, .group = 3});
  std::string forwards;
  for (const Op& op : schedule.rank(0))
    if (op.kind == OpKind::Forward) forwards += to_string(op) + " ";
  CHECK(forwards == "0F0 0F1 0F2 2F0 2F1 2F2 0F3 0F4 2F3 2F4 ");
  // The warm-up is 2 (p - 1 - rank) + (v - 1) group.
  CHECK(schedule.rank(0)[5].kind == OpKind::Forward);
  CHECK(to_string(schedule.rank(0)[6]) == "2B0");
  for (const char* name : {"interleaved-1f1b", "interleaved-zero-bubble"})
    for (int p = 1; p <= 5; ++p)
      for (int m = 1; m <= 14; ++m)
        for (int v = 1; v <= 3; ++v)
          for (int group = p; group <= m && (m % group == 0 || m % group >= p); ++group) {
            CAPTURE(name, p, m, v, group);
            CHECK(test::fault_of(test::uniform_problem(name, {p, m, v, group}, {Duration(8), Duration(16)}))
                      .empty());
          }
}

TEST_CASE("every schedule in the registry is complete and free of deadlock for any shape",
          "[schedules][property]") {
  for (const ScheduleEntry& entry : schedules()) {
    for (int p = 1; p <= 7; ++p)
      for (int m = 1; m <= 20; ++m)
        for (int v = 1; v <= (entry.chunked ? 4 : 1); ++v) {
          const ScheduleShape shape = test::some_shape(entry, p, m, v);
          CAPTURE(entry.name, p, m, v);
          if (entry.chunks > 0 && v != entry.chunks) continue;
          if (m < entry.rounds * p) continue;
          if (entry.unmet != nullptr && !entry.unmet(shape).empty()) continue;
          REQUIRE(unmet_condition(entry, shape).empty());
          CHECK(
              test::fault_of(test::uniform_problem(entry.name, shape, {Duration(8), Duration(16)})).empty());
        }
  }
}

TEST_CASE("ops print and read in PyTorch's notation", "[schedules]") {
  for (const OpKindInfo& kind : op_kinds()) {
    if (kind.kind == OpKind::ForwardBackward) continue;
    Op op = make_op(kind.kind, 12, kind.per_microbatch ? 345 : 0);
    CHECK(parse_op(to_string(op)) == op);
    if (!kind.per_microbatch) continue;
    op.segment = 3;
    CHECK(parse_op(to_string(op)) == op);
  }
  const Op fused = fuse(make_op(OpKind::Forward, 0, 7), make_op(OpKind::Backward, 7, 3));
  CHECK(to_string(fused) == "(0F7;7B3)OVERLAP_F_B");
  CHECK(parse_op("(0F7;7B3)OVERLAP_F_B") == fused);
  CHECK(to_string(make_op(OpKind::Forward, 2, 0)) == "2F0");
  for (const char* text : {"",
                           "F0",
                           "2",
                           "2F",
                           "2F0x",
                           "2X0",
                           "2F-1",
                           "-1F0",
                           "0REDUCE_GRAD3",
                           "99999F0",
                           "2F99999999999",
                           "2 F0",
                           "2F0.",
                           "2F0.256",
                           "0REDUCE_GRAD.1",
                           "(0F7;7B3)",
                           "(0F7)OVERLAP_F_B",
                           "(7B3;0F7)OVERLAP_F_B",
                           "((0F7;7B3)OVERLAP_F_B;7B3)OVERLAP_F_B",
                           "(0F7;7I3)OVERLAP_F_B",
                           "(0F7;7B3OVERLAP_F_B",
                           "()OVERLAP_F_B",
                           "("}) {
    CAPTURE(text);
    CHECK_FALSE(parse_op(text).has_value());
  }
}

TEST_CASE("schedules print as PyTorch's generators print them", "[schedules][oracle]") {
  struct Case {
    const char* file;
    const char* name;
    ScheduleShape shape;
  };
  const Case cases[] = {
      {"ScheduleGPipe_p4_v1_m8.compute.csv", "gpipe", {4, 8, 1}},
      {"ScheduleInterleaved1F1B_p2_v2_m4.compute.csv", "interleaved-1f1b", {2, 4, 2}},
      {"ScheduleInterleaved1F1B_p4_v2_m8.compute.csv", "interleaved-1f1b", {4, 8, 2}},
      {"ScheduleLoopedBFS_p4_v2_m8.compute.csv", "looped-bfs", {4, 8, 2}},
      {"ScheduleInterleavedZeroBubble_p4_v2_m8.compute.csv", "interleaved-zero-bubble", {4, 8, 2}},
      {"ScheduleZBVZeroBubble_p4_v2_m8.compute.csv", "zb-v", {4, 8, 2}},
      {"ScheduleDualPipeV_p4_v2_m8.compute.csv", "dualpipe-v", {4, 8, 2}},
      {"dualpipev_4rank_10mb.csv", "dualpipe-v", {4, 10, 2}},
  };
  if (schedule_data().empty()) {
    WARN("skipped: STAGECRAFT_DATA is not set");
    return;
  }
  for (const Case& c : cases) {
    CAPTURE(c.file);
    const Schedule schedule = find_schedule(c.name)->generate(c.shape);
    const std::string theirs = read_file(schedule_data() / "pytorch" / c.file);
    REQUIRE_FALSE(theirs.empty());
    CHECK(write_csv(pytorch_grid(schedule, c.shape, find_schedule(c.name))) == theirs);
    const auto read = read_csv(theirs);
    REQUIRE(std::holds_alternative<CsvSchedule>(read));
    CHECK(std::get<CsvSchedule>(read).schedule == schedule);
    CHECK(std::get<CsvSchedule>(read).shape == c.shape);
  }
}

TEST_CASE("interleaved zero bubble is the table that ships with PyTorch", "[schedules][oracle]") {
  if (schedule_data().empty()) {
    WARN("skipped: STAGECRAFT_DATA is not set");
    return;
  }
  // In the old letters of that file B is the input gradient.
  std::string theirs = read_file(schedule_data() / "pytorch" / "zb1p_2rank_2stagep_compute.csv");
  std::ranges::replace(theirs, 'B', 'I');
  if (!theirs.empty() && theirs.back() != '\n') theirs += '\n';
  const ScheduleShape shape{2, 8, 2};
  const ScheduleEntry* entry = find_schedule("interleaved-zero-bubble");
  CHECK(write_csv(pytorch_grid(entry->generate(shape), shape, entry)) == theirs);
}

TEST_CASE("a schedule written as CSV reads back equal", "[schedules][property]") {
  for (const ScheduleEntry& entry : schedules()) {
    for (int p = 1; p <= 5; ++p)
      for (int m = 1; m <= 12; ++m)
        for (int v = 1; v <= (entry.chunked ? 3 : 1); ++v) {
          const ScheduleShape shape = test::some_shape(entry, p, m, v);
          if (!unmet_condition(entry, shape).empty()) continue;
          CAPTURE(entry.name, p, m, v);
          if (m == 1 && entry.replicas > 1) continue;  // nothing runs through the other copies
          const Schedule schedule = compute_only(entry.generate(shape));
          const auto read = read_csv(write_csv(pytorch_grid(schedule, shape, &entry)));
          REQUIRE(std::holds_alternative<CsvSchedule>(read));
          CHECK(std::get<CsvSchedule>(read).schedule == schedule);
          CHECK(std::get<CsvSchedule>(read).shape == shape);
        }
  }
}

TEST_CASE("blank lines at the end of a CSV are no ranks", "[schedules]") {
  const std::string cells = "0F0,0B0\n1F0,1B0";
  for (const char* end : {"", "\n", "\n\n", "\n \n\t\r\n\n", "\r\n\r\n\r\n"}) {
    const auto read = read_csv(cells + end);
    REQUIRE(std::holds_alternative<CsvSchedule>(read));
    CHECK(std::get<CsvSchedule>(read).shape == ScheduleShape{.ranks = 2, .microbatches = 1});
  }
}

TEST_CASE("a bad cell is named with its line and column", "[schedules][error]") {
  const auto fault = [](std::string_view text) {
    const auto read = read_csv(text);
    const auto* found = std::get_if<CsvFault>(&read);
    return found ? fmt::format("{}:{}: {}", found->line, found->column, found->message) : std::string("none");
  };
  CHECK(fault("0F0,0B0\n1F0,1X0\n") ==
        "2:5: '1X0' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as 2F0");
  CHECK(fault("0F0,0OPTIMIZER\n") ==
        "1:5: '0OPTIMIZER' is not a compute op; the simulator adds what moves data and ends a step");
  CHECK(fault("0F0,0SEND_F\n") ==
        "1:5: '0SEND_F' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as 2F0");
  CHECK(fault("0F0,0BW0\n") ==
        "1:5: '0BW0' is no op in PyTorch's letters of today; if B is the input gradient here and BW the full "
        "backward, set pipeline.csv_letters to old");
  CHECK(fault("0F0,0B0\n2F0,2B0\n") == "2:1: '2F0' is of stage 2, but no op is of stage 1");
  CHECK(fault("0F0,0F4000000000\n") ==
        "1:5: '0F4000000000' is of micro-batch 4000000000, but no op is of micro-batch 1");
  CHECK(fault("0F0,0B0,1F0,1B0\n2F0,2B0\n") ==
        "2:1: '2F0' makes 3 stages, which are no multiple of the 2 ranks, one a line");
  CHECK(fault("0F0,0B0\n\n1F0,1B0") ==
        "3:1: '1F0' makes 2 stages, which are no multiple of the 3 ranks, one a line");
  for (const char* cell : {"0F99999999999", "65535F0", "99999999999B1"})
    CHECK(fault(cell) == "1:1: '" + std::string(cell) +
                             "' has a number that is too large; stages go to 65534, micro-batches to "
                             "4294967295");
  for (const char* cell :
       {"99999999999", "F99999999999", "1X99999999999", "0REDUCE_GRAD99999999999", "SEND_F0"})
    CHECK(fault(cell) == "1:1: '" + std::string(cell) +
                             "' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as "
                             "2F0");
  CHECK(fault("") == "1:1: there is no op in this schedule");
  CHECK(fault(",,\n,\n") == "1:1: there is no op in this schedule");
  CHECK(fault("0F0\x01,0B0") ==
        "1:1: '0F0?' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as 2F0");
}
