#include "sim/schedule/pytorch_csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/schedule/generators.h"

namespace stagecraft {

namespace {

/// Only ops that stand for one micro-batch are part of a compute schedule.
std::vector<Op> compute_ops(std::span<const Op> ops) {
  std::vector<Op> kept;
  std::copy_if(ops.begin(), ops.end(), std::back_inserter(kept),
               [](const Op& op) { return info(op.kind).per_microbatch && info(op.kind).compute; });
  return kept;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// A cell for an error message: cut short, control characters shown as '?'.
std::string shown(std::string_view cell) {
  std::string text(cell.substr(0, 40));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '?';
  return text;
}

/// Reads one line's cells into the schedule; a fault where a cell is no compute op.
std::optional<CsvFault> read_line(std::string_view line, std::size_t number, CsvSchedule& into) {
  std::size_t at = 0;
  while (at <= line.size()) {
    const std::size_t comma = std::min(line.find(',', at), line.size());
    const std::string_view cell = trim(line.substr(at, comma - at));
    const std::size_t column = at + 1;
    at = comma + 1;
    if (cell.empty()) continue;
    const auto op = parse_op(cell);
    if (!op)
      return CsvFault{
          fmt::format("'{}' is no op; cells are a stage, one of F, B, I, W, and a micro-batch, such as 2F0",
                      shown(cell)),
          number, column};
    if (op->kind == OpKind::ReduceGradient) continue;
    if (!info(op->kind).per_microbatch || !info(op->kind).compute)
      return CsvFault{
          fmt::format(
              "'{}' is not a compute op; give the compute-only schedule, sends are added by the simulator",
              shown(cell)),
          number, column};
    into.schedule.ops.push_back(*op);
    into.places.push_back({number, column});
  }
  return std::nullopt;
}

}  // namespace

ScheduleGrid pytorch_grid(const Schedule& schedule, const ScheduleShape& shape, const ScheduleEntry* entry) {
  ScheduleGrid grid;
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    const std::vector<Op> ops = compute_ops(schedule.rank(rank));
    if (entry && entry->pytorch_cells)
      grid.ranks.push_back(entry->pytorch_cells(ops, shape, rank));
    else
      grid.ranks.emplace_back(ops.begin(), ops.end());
  }
  return grid;
}

ScheduleCells pytorch_interleaved_cells(std::span<const Op> ops, const ScheduleShape& shape, int rank) {
  const auto warmup = static_cast<std::size_t>(interleaved_warmup(shape, rank));
  const std::size_t drain = ops.size() - warmup;
  const int steady = shape.chunks * shape.ranks + 2 * (shape.ranks - 1 - rank);
  const int wait = steady - rank - static_cast<int>(warmup);
  ScheduleCells cells(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (i >= drain) cells.push_back(std::nullopt);
    cells.push_back(ops[i]);
    if (i + 1 == warmup && wait > 0) cells.insert(cells.end(), static_cast<std::size_t>(wait), std::nullopt);
  }
  return cells;
}

ScheduleCells pytorch_gpipe_cells(std::span<const Op> ops, const ScheduleShape&, int rank) {
  ScheduleCells cells(ops.begin(), ops.end());
  cells.push_back(make_op(OpKind::ReduceGradient, rank));
  return cells;
}

std::string write_csv(const ScheduleGrid& grid) {
  std::string text;
  for (const ScheduleCells& cells : grid.ranks) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text += ',';
      if (cells[i]) text += to_string(*cells[i]);
    }
    text += '\n';
  }
  return text;
}

std::variant<CsvSchedule, CsvFault> read_csv(std::string_view text) {
  CsvSchedule result;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    // Blank lines at the end of a file are no ranks.
    if (trim(text).empty() && trim(line).empty() &&
        text.find_first_not_of(" \t\r\n") == std::string_view::npos)
      break;
    if (auto fault = read_line(line, number, result)) return *fault;
    result.schedule.close_rank();
  }
  if (result.schedule.ops.empty()) return CsvFault{"there is no op in this schedule", 1, 1};
  return result;
}

std::optional<ScheduleShape> shape_of(const Schedule& schedule) {
  if (schedule.ops.empty()) return std::nullopt;
  int stages = 0;
  std::int64_t microbatches = 0;
  for (const Op& op : schedule.ops) {
    stages = std::max(stages, op.stage + 1);
    microbatches = std::max<std::int64_t>(microbatches, std::int64_t{op.microbatch} + 1);
  }
  // A schedule that skips numbers so far that they outnumber its ops cannot be complete; refusing it here
  // keeps a stray number in a file from asking for terabytes.
  const auto ops = static_cast<std::int64_t>(schedule.ops.size());
  if (stages % schedule.ranks() != 0 || stages > ops || microbatches > ops) return std::nullopt;
  return ScheduleShape{schedule.ranks(), static_cast<int>(microbatches), stages / schedule.ranks()};
}

}  // namespace stagecraft
