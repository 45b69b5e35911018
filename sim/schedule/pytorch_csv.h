#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/schedule/schedule.h"

namespace stagecraft {

/// A schedule laid out in slots, as PyTorch's CSV has it: per rank a list of cells, empty where the rank
/// idles in PyTorch's unit-time picture. Order is the meaning; empty cells are for people.
struct ScheduleGrid {
  std::vector<std::vector<std::optional<Op>>> ranks;
};

/// The schedule as PyTorch 2.x prints the one of that name: with its generator's idle cells and closing
/// REDUCE_GRAD where it has them; without idle cells for schedules that PyTorch lacks.
/// Source: torch/distributed/pipelining/schedules.py, whose idle cells follow from the step at which a
/// rank's first backward can start, v*p + 2*(p - 1 - rank).
ScheduleGrid pytorch_grid(const Schedule& schedule, const ScheduleShape& shape, std::string_view name);

/// One line a rank, cells separated by commas, empty cells empty, every line ended by "\n".
std::string write_csv(const ScheduleGrid& grid);

/// Where and why a CSV is no schedule; line and column from 1.
struct CsvFault {
  std::string message;
  std::size_t line;
  std::size_t column;
};

/// A schedule read from CSV, and where each op stood.
struct CsvSchedule {
  struct Place {
    std::size_t line;
    std::size_t column;
  };
  Schedule schedule;
  std::vector<Place> places;  ///< of each op of the schedule, in its flat order
};

/// Reads PyTorch's compute-only CSV: cells like 2F0, 1B3, 0REDUCE_GRAD (dropped: the step's end comes from
/// the scenario), or empty. Reads what write_csv wrote; either line ending; blanks around cells allowed.
std::variant<CsvSchedule, CsvFault> read_csv(std::string_view text);

/// The shape that a schedule's ops span: ranks = lines, chunks = stages / ranks (the stages must be a
/// multiple of the ranks), microbatches = largest + 1. Nothing for an empty schedule, uneven stages, or
/// numbers that outnumber the ops.
std::optional<ScheduleShape> shape_of(const Schedule& schedule);

}  // namespace stagecraft
