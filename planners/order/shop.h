#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "planners/order/order_problem.h"

namespace stagecraft {

/// Nanoseconds, as a plain number: what the search adds and compares all the time.
using Ticks = std::int64_t;
inline constexpr Ticks kNever = std::numeric_limits<Ticks>::max() / 4;

/// What a rank does next: stage * 3 + kind. The micro-batch needs no saying: they are alike, so every stage
/// takes them in order in each of its kinds (exchanging two never makes an order worse).
using Step = std::uint32_t;
enum StepKind : std::uint32_t { kForward = 0, kInput = 1, kWeight = 2 };
constexpr Step make_step(int stage, StepKind kind) {
  return static_cast<Step>(stage) * 3 + kind;
}
constexpr std::size_t stage_of(Step step) {
  return step / 3;
}
constexpr StepKind kind_of(Step step) {
  return static_cast<StepKind>(step % 3);
}

/// The order of every rank: flat, rank 0 first; `begin` has ranks + 1 entries.
struct RankOrders {
  std::vector<Step> steps;
  std::vector<std::size_t> begin{0};

  std::span<const Step> rank(std::size_t r) const {
    return std::span(steps).subspan(begin[r], begin[r + 1] - begin[r]);
  }
  bool operator==(const RankOrders&) const = default;
};

/// An input that a stage's F (or I) waits for: the F (or I) of `stage`, `hop` after its end.
struct ShopInput {
  std::uint32_t stage = 0;
  Ticks hop = 0;
};

/// An OrderProblem in flat arrays. Proven by make_shop(): the edges have no circle, times are >= 0, 0 <= M_W
/// <= M_B, and every cap holds one micro-batch.
struct Shop {
  std::size_t ranks = 0;
  std::size_t stages = 0;
  std::size_t microbatches = 0;
  OrderObjective objective = OrderObjective::Span;

  std::vector<Ticks> duration;         ///< by step: stage * 3 + kind
  std::vector<std::int64_t> freed;     ///< by step: bytes that it gives back at its end; of F: -M_B
  std::vector<std::uint32_t> rank_of;  ///< by stage
  std::vector<std::int64_t> cap;       ///< by rank
  std::vector<std::int64_t> whole;  ///< by rank: M_B of all its stages, what one micro-batch may need at once
  std::vector<Ticks> work;          ///< by rank: of all micro-batches

  std::span<const std::uint32_t> stages_on(std::size_t rank) const { return list(by_rank, rank_begin, rank); }
  /// Where the F of a stage gets its inputs, and where its I does.
  std::span<const ShopInput> into_forward(std::size_t stage) const { return list(into, into_begin, stage); }
  std::span<const ShopInput> into_input(std::size_t stage) const { return list(out_of, out_of_begin, stage); }
  std::size_t steps() const { return 3 * stages * microbatches; }

  std::vector<std::uint32_t> by_rank;  ///< stages of rank 0 in the order of the flow, of rank 1, ...
  std::vector<std::uint32_t> flow;     ///< all stages, producers first
  std::vector<ShopInput> into;
  std::vector<ShopInput> out_of;
  std::vector<std::size_t> rank_begin;
  std::vector<std::size_t> into_begin;
  std::vector<std::size_t> out_of_begin;

 private:
  template <class T>
  static std::span<const T> list(const std::vector<T>& all, const std::vector<std::size_t>& begin,
                                 std::size_t i) {
    return std::span(all).subspan(begin[i], begin[i + 1] - begin[i]);
  }
};

/// Checks the problem and lays it out. Throws std::invalid_argument that names the stage or rank: lists of
/// the wrong length, a circle, a rank without stages or past their number, times beyond kLongestOrder, M_W >
/// M_B, or a cap below one micro-batch's M_B on the rank.
Shop make_shop(const OrderProblem& problem);

/// The orders as a Schedule. O(steps).
Schedule to_schedule(const RankOrders& orders, std::size_t stages);

}  // namespace stagecraft
