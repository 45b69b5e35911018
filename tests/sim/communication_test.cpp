#include <catch2/catch.hpp>

#include <algorithm>

#include "base/json_tree.h"
#include "sim/schedule/communication.h"
#include "tests/sim/schedule_files.h"
#include "tests/sim/sim_helpers.h"

using namespace stagecraft;

TEST_CASE("sends and receives stand where PyTorch puts them", "[schedules][oracle]") {
  struct Case {
    const char* file;
    const char* name;
    ScheduleShape shape;
    bool shards = true;
  };
  const Case cases[] = {
      {"ScheduleGPipe_p4_v1_m8.comms.csv", "gpipe", {4, 8, 1}, false},
      {"ScheduleInterleaved1F1B_p2_v2_m4.comms.csv", "interleaved-1f1b", {2, 4, 2}},
      {"ScheduleInterleaved1F1B_p4_v2_m8.comms.csv", "interleaved-1f1b", {4, 8, 2}},
      {"ScheduleInterleavedZeroBubble_p4_v2_m8.comms.csv", "interleaved-zero-bubble", {4, 8, 2}},
      {"ScheduleLoopedBFS_p4_v2_m8.comms.csv", "looped-bfs", {4, 8, 2}},
      {"ScheduleZBVZeroBubble_p4_v2_m8.comms.csv", "zb-v", {4, 8, 2}},
      {"ScheduleDualPipeV_p4_v2_m8.comms.csv", "dualpipe-v", {4, 8, 2}},
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
    CHECK(write_csv(pytorch_actions(schedule, c.shape, {.shards = c.shards})) == theirs);
  }
}

TEST_CASE("the lowered table that ships with PyTorch comes out of its compute table", "[schedules][oracle]") {
  if (schedule_data().empty()) {
    WARN("skipped: STAGECRAFT_DATA is not set");
    return;
  }
  const ScheduleShape shape{2, 8, 2};
  const Schedule schedule = find_schedule("interleaved-zero-bubble")->generate(shape);
  const RankActions actions = pytorch_actions(schedule, shape, {.shards = false, .joins_halves = true});
  CHECK(write_csv(actions, PyTorchLetters::Old) ==
        read_file(schedule_data() / "pytorch" / "zb1p_2rank_2stagep_comms.csv"));
}

TEST_CASE("lowered schedules and old letters read back as the schedule that they come from",
          "[schedules][property]") {
  for (const ScheduleEntry& entry : schedules()) {
    const ScheduleShape shape = test::some_shape(entry, 4, 9, entry.chunked ? 2 : 1);
    if (!unmet_condition(entry, shape).empty() || shape.replicas > 1 || shape.segments > 1) continue;
    CAPTURE(entry.name);
    const Schedule schedule = entry.generate(shape);
    const auto read = [](const std::string& text, PyTorchLetters letters = PyTorchLetters::New) {
      return std::get<CsvSchedule>(read_csv(text, letters)).schedule;
    };
    const Schedule compute = read(write_csv(pytorch_grid(schedule, shape, nullptr)));
    CHECK(read(write_csv(pytorch_actions(schedule, shape))) == compute);
    CHECK(read(write_csv(pytorch_actions(schedule, shape), PyTorchLetters::Old), PyTorchLetters::Old) ==
          compute);
    CHECK(read(write_csv(pytorch_grid(schedule, shape, &entry), PyTorchLetters::Old), PyTorchLetters::Old) ==
          compute);
  }
}

namespace {

/// "F 0 3 1": kind, side of the rank, stage, micro-batch within its side.
std::string log_name(const Op& op, const ScheduleShape& shape) {
  const int per_side = shape.replicas > 1 ? shape.microbatches / 2 : shape.microbatches;
  const int side = shape.replicas > 1 ? op.replica : op.stage >= shape.ranks;
  return std::string(info(op.kind).letter) + " " + std::to_string(side) + " " + std::to_string(op.stage) +
         " " + std::to_string(static_cast<int>(op.microbatch) % per_side);
}

/// What DeepSeek's classes call, one line each. A rank's near side is 0 there; of it has the lower stage.
std::vector<std::string> log_lines(const std::vector<Action>& actions, const ScheduleShape& shape) {
  const char* names[] = {"", "SEND_FORWARD", "RECV_FORWARD", "SEND_BACKWARD", "RECV_BACKWARD"};
  std::vector<std::string> lines;
  for (const Action& action : actions) {
    const bool far = 2 * action.op.stage >= shape.stages();
    if (action.kind != ActionKind::Compute)
      lines.push_back(names[static_cast<int>(action.kind)] + std::string(far ? " 1" : " 0"));
    else if (action.op.kind == OpKind::ForwardBackward)
      lines.push_back("OV " + log_name(forward_half(action.op), shape) + " " +
                      log_name(backward_half(action.op), shape));
    else
      lines.push_back(log_name(action.op, shape));
  }
  return lines;
}

void append_text(const JsonValue& value, std::string& text) {
  if (value.kind() != JsonValue::Kind::Array) {
    text += (text.empty() ? "" : " ") + std::string(value.text());
    return;
  }
  value.each_item([&](const JsonValue& part) { append_text(part, text); });
}

/// The log's lines, without calls that have nobody on the other side and without COMMIT, which stands before
/// every op.
std::vector<std::string> logged(const JsonValue& rank, int index, const ScheduleShape& shape) {
  const bool v = shape.chunks == 2;
  const int before = v ? index : std::min(index, shape.ranks - 1 - index);
  const bool turn = v && index == shape.ranks - 1;
  std::vector<std::string> lines;
  bool committed = false;
  rank.each_item([&](const JsonValue& entry) {
    std::string line;
    append_text(entry, line);
    const bool open_end = line == "RECV_FORWARD 0" || line == "SEND_BACKWARD 0" || line == "SEND_FORWARD 1" ||
                          line == "RECV_BACKWARD 1";
    const bool communicates = line.starts_with("RECV") || line.starts_with("SEND");
    if (line == "COMMIT") {
      committed = true;
      return;
    }
    if (!communicates) CHECK(std::exchange(committed, false));
    if (communicates && (open_end ? before == 0 : turn)) return;
    lines.push_back(line);
  });
  return lines;
}

}  // namespace

TEST_CASE("DualPipe and DualPipeV compute and communicate in the order of DeepSeek's classes",
          "[schedules][oracle]") {
  if (schedule_data().empty()) {
    WARN("skipped: STAGECRAFT_DATA is not set");
    return;
  }
  const std::string file = "dualpipe_orders.json";
  const JsonValue logs = parse_json(read_file(schedule_data() / file), file, {});
  int seen = 0;
  logs.each_member([&](const JsonValue& key, const JsonValue& ranks) {
    int p = 0, m = 0;
    const std::string name(key.text());
    REQUIRE(std::sscanf(name.substr(name.find('_')).c_str(), "_p%d_m%d", &p, &m) == 2);
    const bool v = name.starts_with("DualPipeV");
    const ScheduleShape shape = completed(*find_schedule(v ? "dualpipe-v" : "dualpipe"), {p, m, v ? 2 : 1});
    const RankActions ours = v ? dualpipe_v_actions(shape) : dualpipe_actions(shape);
    int rank = 0;
    ranks.each_item([&](const JsonValue& log) {
      CAPTURE(name, rank);
      CHECK(log_lines(ours[static_cast<std::size_t>(rank)], shape) == logged(log, rank, shape));
      ++rank;
    });
    ++seen;
  });
  CHECK(seen >= 3);
}
