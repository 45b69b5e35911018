#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/schedule/registry.h"

namespace stagecraft {

/// How PyTorch's CSV calls backwards. Files before 2.5 write the input gradient as B and the full backward as
/// BW, as the zero-bubble papers do; later ones write I and B.
enum class PyTorchLetters : std::uint8_t { New, Old };

/// A schedule laid out in slots, as PyTorch's CSV has it: per rank a list of cells, empty where the rank
/// idles in PyTorch's unit-time picture. Order is the meaning; empty cells are for people.
struct ScheduleGrid {
  std::vector<ScheduleCells> ranks;
};

/// The schedule as PyTorch 2.x prints that of `entry`: with its generator's idle cells and closing
/// REDUCE_GRAD where it has them; without them for schedules that PyTorch lacks, and where `entry` is null,
/// as for one that was read from a file.
ScheduleGrid pytorch_grid(const Schedule& schedule, const ScheduleShape& shape, const ScheduleEntry* entry);

/// The ops that are part of a compute-only schedule: those of one micro-batch that compute.
std::vector<Op> compute_ops(std::span<const Op> ops);

/// PyTorch's ScheduleGPipe has no idle cells and reduces each stage's gradient at the end.
/// Source of this and the next: torch/distributed/pipelining/schedules.py.
ScheduleCells pytorch_gpipe_cells(std::span<const Op> ops, const ScheduleShape& shape, int rank);

/// PyTorch's ScheduleInterleaved1F1B idles `rank` cells first; behind the warm-up until the step at which the
/// rank's first backward can start, v*p + 2*(p - 1 - rank), where that backward's forward stands; and before
/// each backward of the drain.
ScheduleCells pytorch_interleaved_cells(std::span<const Op> ops, const ScheduleShape& shape, int rank);

/// PyTorch's ScheduleInterleavedZeroBubble idles `rank` cells first and p - 1 - `rank` behind the warm-up.
ScheduleCells pytorch_zero_bubble_cells(std::span<const Op> ops, const ScheduleShape& shape, int rank);

/// Cells of all ranks with idle ones put in where a forward or a full backward would stand before, or in the
/// same slot as, what it needs from another stage: each op takes one slot. REQUIRES: free of deadlock.
/// O(cells log cells).
std::vector<ScheduleCells> pytorch_waiting_cells(const std::vector<ScheduleCells>& ranks, int stages);

/// One line a rank, cells separated by commas, empty cells empty, every line ended by "\n".
std::string write_csv(const ScheduleGrid& grid, PyTorchLetters letters = PyTorchLetters::New);

/// Where and why a CSV is no schedule; line and column from 1.
struct CsvFault {
  std::string message;
  std::size_t line;
  std::size_t column;
};

/// A schedule read from CSV, the shape that its ops span (a rank a line), and where each op stood.
struct CsvSchedule {
  struct Place {
    std::size_t line;
    std::size_t column;
  };
  Schedule schedule;
  ScheduleShape shape;
  std::vector<Place> places;  ///< of each op of the schedule, in its flat order
};

/// The op in these letters. A fused op has no old name.
std::string to_string(const Op& op, PyTorchLetters letters);

/// Reads PyTorch's CSV, compute-only or lowered: cells like 2F0, 1B3, (0F7;7B3)OVERLAP_F_B, or empty. What
/// moves data, and 0UNSHARD, 0RESHARD and 0REDUCE_GRAD, is dropped: the simulator adds transfers and the
/// step's end by itself. Reads what write_csv wrote; either line ending; blanks around cells and blank lines
/// at the end allowed. Stages and micro-batches are numbered from 0 without a gap, and the stages are a
/// multiple of the ranks.
std::variant<CsvSchedule, CsvFault> read_csv(std::string_view text,
                                             PyTorchLetters letters = PyTorchLetters::New);

}  // namespace stagecraft
