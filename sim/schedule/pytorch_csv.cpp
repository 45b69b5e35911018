#include "sim/schedule/pytorch_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace stagecraft {

namespace {

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

/// Blank lines at the end of a file are no ranks.
std::string_view without_blank_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

/// Whether the cell is an op but for a number that does not fit.
bool has_large_number(std::string_view cell) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t letters = std::min(cell.find_first_not_of(kDigits), cell.size());
  const std::size_t after = std::min(cell.find_first_of(kDigits, letters), cell.size());
  if (letters == 0 || cell.find_first_not_of(kDigits, after) != std::string_view::npos) return false;
  return std::any_of(op_kinds().begin(), op_kinds().end(), [&](const OpKindInfo& kind) {
    return kind.letter == cell.substr(letters, after - letters) &&
           kind.per_microbatch == (after < cell.size());
  });
}

/// The letters of a cell such as 2F0.
std::string_view letters_of(std::string_view cell) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t first = std::min(cell.find_first_not_of(kDigits), cell.size());
  return cell.substr(first, cell.find_first_of(kDigits, first) - first);
}

/// What a lowered schedule has beside its compute ops.
bool is_communication(std::string_view cell) {
  constexpr std::string_view kMoves[] = {"SEND_F", "RECV_F", "SEND_B", "RECV_B"};
  constexpr std::string_view kShards[] = {"UNSHARD", "RESHARD", "REDUCE_GRAD"};
  if (cell.empty() || cell.front() < '0' || cell.front() > '9') return false;
  const bool numbered = cell.back() >= '0' && cell.back() <= '9';
  const auto has = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), letters_of(cell)) != std::end(names);
  };
  return has(kMoves) ? numbered : !numbered && has(kShards);
}

/// An op in the old letters: B is the input gradient there, BW the full backward, and I unknown.
std::optional<Op> parse_old(std::string_view cell) {
  const std::string_view letters = letters_of(cell);
  if (letters != "B" && letters != "BW") return letters == "I" ? std::nullopt : parse_op(cell);
  std::string text(cell);
  text.replace(static_cast<std::size_t>(letters.data() - cell.data()), letters.size(),
               letters == "B" ? "I" : "B");
  return parse_op(text);
}

std::string no_op(std::string_view cell, PyTorchLetters letters) {
  if (letters == PyTorchLetters::New && letters_of(cell) == "BW")
    return fmt::format(
        "'{}' is no op in PyTorch's letters of today; if B is the input gradient here and BW the "
        "full backward, set pipeline.csv_letters to old",
        shown(cell));
  const std::string_view known = letters == PyTorchLetters::New ? "F, B, I, W" : "F, BW, B, W";
  if (has_large_number(cell))
    return fmt::format("'{}' has a number that is too large; stages go to {}, micro-batches to {}",
                       shown(cell), kMaxStages - 1, std::numeric_limits<std::uint32_t>::max());
  return fmt::format("'{}' is no op; cells are a stage, one of {}, and a micro-batch, such as 2F0",
                     shown(cell), known);
}

/// Reads one line's cells into the schedule; a fault where a cell is no compute op.
std::optional<CsvFault> read_line(std::string_view line, std::size_t number, PyTorchLetters letters,
                                  CsvSchedule& into) {
  std::size_t at = 0;
  while (at <= line.size()) {
    const std::size_t comma = std::min(line.find(',', at), line.size());
    const std::string_view cell = trim(line.substr(at, comma - at));
    const std::size_t column = at + 1;
    at = comma + 1;
    if (cell.empty() || is_communication(cell)) continue;
    const auto op = letters == PyTorchLetters::Old ? parse_old(cell) : parse_op(cell);
    if (!op) return CsvFault{no_op(cell, letters), number, column};
    if (!info(op->kind).per_microbatch || !info(op->kind).compute)
      return CsvFault{
          fmt::format("'{}' is not a compute op; the simulator adds what moves data and ends a step",
                      shown(cell)),
          number, column};
    into.schedule.ops.push_back(*op);
    into.places.push_back({number, column});
  }
  return std::nullopt;
}

/// The op whose number is the highest.
template <class Number>
std::size_t highest(const Schedule& schedule, Number number) {
  const auto at = std::max_element(schedule.ops.begin(), schedule.ops.end(),
                                   [&](const Op& a, const Op& b) { return number(a) < number(b); });
  return static_cast<std::size_t>(at - schedule.ops.begin());
}

CsvFault fault_at(const CsvSchedule& csv, std::size_t op, std::string message) {
  return {std::move(message), csv.places[op].line, csv.places[op].column};
}

/// Numbers run from 0 without a gap, or the highest is named. Looks no further than there are ops: a stray
/// number in a file asks for no memory.
template <class Number>
std::optional<CsvFault> find_gap(const CsvSchedule& csv, std::string_view noun, Number number) {
  const auto& ops = csv.schedule.ops;
  const std::size_t last = highest(csv.schedule, number);
  std::vector<bool> seen(std::min<std::size_t>(number(ops[last]), ops.size()) + 1);
  for (const Op& op : ops)
    if (number(op) < seen.size()) seen[number(op)] = true;
  const auto gap = std::find(seen.begin(), seen.end(), false);
  if (gap == seen.end()) return std::nullopt;
  return fault_at(csv, last,
                  fmt::format("'{}' is of {} {}, but no op is of {} {}", to_string(ops[last]), noun,
                              number(ops[last]), noun, gap - seen.begin()));
}

/// The ranks on which every stage has ops, ascending.
std::vector<std::vector<int>> ranks_of_stages(const Schedule& schedule, std::size_t stages) {
  std::vector<std::vector<int>> ranks(stages);
  for (int rank = 0; rank < schedule.ranks(); ++rank)
    for (const Op& op : schedule.rank(rank)) {
      std::vector<int>& known = ranks[op.stage];
      if (known.empty() || known.back() != rank) known.push_back(rank);
    }
  return ranks;
}

/// Where every stage is on several ranks, equally many, the file has as many replicas: a micro-batch runs
/// through the one whose first stage is on the rank where the micro-batch enters, counted from rank 0.
/// PyTorch's notation does not say replicas.
int set_replicas(Schedule& schedule, std::size_t stages) {
  const std::vector<std::vector<int>> ranks = ranks_of_stages(schedule, stages);
  const std::size_t replicas = ranks[0].size();
  const auto as_many = [&](const std::vector<int>& of_stage) { return of_stage.size() == replicas; };
  if (replicas < 2 || replicas > 255 || !std::all_of(ranks.begin(), ranks.end(), as_many)) return 1;
  std::map<std::uint32_t, std::uint8_t> replica_of;
  for (std::size_t r = 0; r < replicas; ++r)
    for (const Op& op : schedule.rank(ranks[0][r]))
      if (op.stage == 0 && has_forward(op.kind)) replica_of[op.microbatch] = static_cast<std::uint8_t>(r);
  const auto replica = [&](std::uint32_t microbatch) {
    const auto at = replica_of.find(microbatch);
    return at == replica_of.end() ? std::uint8_t{0} : at->second;
  };
  for (Op& op : schedule.ops) {
    op.replica = replica(op.microbatch);
    if (op.kind == OpKind::ForwardBackward) op.partner_replica = replica(op.partner_microbatch);
  }
  return static_cast<int>(replicas);
}

/// Fills csv.shape, or says which op does not fit one.
std::optional<CsvFault> find_shape(CsvSchedule& csv) {
  const auto stage = [](const Op& op) { return std::size_t{op.stage}; };
  const auto microbatch = [](const Op& op) { return std::size_t{op.microbatch}; };
  const auto segment = [](const Op& op) { return std::size_t{op.segment}; };
  if (auto fault = find_gap(csv, "stage", stage)) return fault;
  if (auto fault = find_gap(csv, "micro-batch", microbatch)) return fault;
  Schedule& schedule = csv.schedule;
  const std::size_t last = highest(schedule, stage);
  const int stages = schedule.ops[last].stage + 1;
  if (stages % schedule.ranks() != 0)
    return fault_at(csv, last,
                    fmt::format("'{}' makes {} stages, which are no multiple of the {} ranks, one a line",
                                to_string(schedule.ops[last]), stages, schedule.ranks()));
  csv.shape = {.ranks = schedule.ranks(),
               .microbatches = static_cast<int>(microbatch(schedule.ops[highest(schedule, microbatch)])) + 1,
               .chunks = stages / schedule.ranks(),
               .segments = schedule.ops[highest(schedule, segment)].segment + 1};
  csv.shape.replicas = set_replicas(schedule, static_cast<std::size_t>(stages));
  return std::nullopt;
}

}  // namespace

std::vector<Op> compute_ops(std::span<const Op> ops) {
  std::vector<Op> kept;
  std::copy_if(ops.begin(), ops.end(), std::back_inserter(kept),
               [](const Op& op) { return info(op.kind).per_microbatch && info(op.kind).compute; });
  return kept;
}

ScheduleGrid pytorch_grid(const Schedule& schedule, const ScheduleShape& shape, const ScheduleEntry* entry) {
  ScheduleGrid grid;
  for (int rank = 0; rank < schedule.ranks(); ++rank) {
    const std::vector<Op> ops = compute_ops(schedule.rank(rank));
    if (entry && entry->pytorch_cells)
      grid.ranks.push_back(entry->pytorch_cells(ops, shape, rank));
    else
      grid.ranks.emplace_back(ops.begin(), ops.end());
  }
  if (entry && entry->pytorch_waits) grid.ranks = pytorch_waiting_cells(grid.ranks, shape.stages());
  return grid;
}

std::string to_string(const Op& op, PyTorchLetters letters) {
  if (letters == PyTorchLetters::New) return to_string(op);
  std::string text = to_string(op);
  const auto rename = [&](char from, std::string_view to) {
    text.replace(text.find(from), 1, to);
    return text;
  };
  if (op.kind == OpKind::InputGradient) return rename('I', "B");
  if (op.kind == OpKind::Backward) return rename('B', "BW");
  return text;
}

std::string write_csv(const ScheduleGrid& grid, PyTorchLetters letters) {
  std::string text;
  for (const ScheduleCells& cells : grid.ranks) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) text += ',';
      if (cells[i]) text += to_string(*cells[i], letters);
    }
    text += '\n';
  }
  return text;
}

std::variant<CsvSchedule, CsvFault> read_csv(std::string_view text, PyTorchLetters letters) {
  text = without_blank_end(text);
  CsvSchedule result;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto fault = read_line(text.substr(0, end), number, letters, result)) return *fault;
    result.schedule.close_rank();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (result.schedule.ops.empty()) return CsvFault{"there is no op in this schedule", 1, 1};
  if (auto fault = find_shape(result)) return *fault;
  return result;
}

}  // namespace stagecraft
