// How PyTorch's generators lay their ops out in slots: torch/distributed/pipelining/schedules.py (2.14), by
// their behaviour.
#include <algorithm>
#include <set>
#include <tuple>

#include "sim/schedule/generators.h"
#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

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

ScheduleCells pytorch_zero_bubble_cells(std::span<const Op> ops, const ScheduleShape& shape, int rank) {
  const auto warmup = static_cast<std::ptrdiff_t>(interleaved_zero_bubble_warmup(shape, rank));
  ScheduleCells cells(static_cast<std::size_t>(rank));
  cells.insert(cells.end(), ops.begin(), ops.begin() + warmup);
  cells.insert(cells.end(), static_cast<std::size_t>(shape.ranks - 1 - rank), std::nullopt);
  cells.insert(cells.end(), ops.begin() + warmup, ops.end());
  return cells;
}

namespace {

/// Stage, kind and micro-batch of what is done.
using Done = std::set<std::tuple<int, OpKind, std::uint32_t>>;

/// Whether a forward or a full backward must wait for another stage's. PyTorch lets input gradients stand
/// where the order has them.
bool waits(const Op& op, int stages, const Done& done) {
  const auto missing = [&](int stage, OpKind kind) { return !done.contains({stage, kind, op.microbatch}); };
  if (op.kind == OpKind::Forward) return op.stage > 0 && missing(op.stage - 1, op.kind);
  if (op.kind != OpKind::Backward) return false;
  return op.stage + 1 == stages ? missing(op.stage, OpKind::Forward) : missing(op.stage + 1, op.kind);
}

}  // namespace

std::vector<ScheduleCells> pytorch_waiting_cells(const std::vector<ScheduleCells>& ranks, int stages) {
  std::vector<ScheduleCells> result(ranks.size());
  std::vector<std::size_t> next(ranks.size());
  Done done;
  for (bool more = true; more;) {
    more = false;
    Done now;
    for (std::size_t r = 0; r < ranks.size(); ++r) {
      if (next[r] == ranks[r].size()) continue;
      more = true;
      const std::optional<Op>& cell = ranks[r][next[r]];
      if (cell && waits(*cell, stages, done)) {
        result[r].push_back(std::nullopt);
        continue;
      }
      result[r].push_back(cell);
      if (cell) now.emplace(cell->stage, cell->kind, cell->microbatch);
      ++next[r];
    }
    done.merge(now);
  }
  return result;
}

}  // namespace stagecraft
