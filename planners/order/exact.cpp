// Exact search for a pipeline order: branching as for active job-shop schedules (Giffler and Thompson,
// Operations Research 8(4), 1960), each branch with a target that it must keep (destructive bounds, Klein and
// Scholl, EJOR 112(2), 1999). Memory, and the rules that follow, are ours:
//
// A rank runs no W while an I, or an F that memory holds, is ready: exchanging the two lets the other start
// earlier and the rank ends as before. So W fills waits.
//
// An F that comes early takes memory only from the F of other stages of its rank: where a rank has one stage,
// early is never worse. Elsewhere the search may also hold F back until another step has run there.
#include "planners/order/exact.h"

#include <algorithm>
#include <numeric>

#include "planners/order/exact_bound.h"
#include "planners/order/exact_memo.h"
#include "planners/order/exact_state.h"

namespace stagecraft {

namespace {

enum class Answer { Found, Refuted, Undecided };

/// Is there an order whose objective is at most a target?
class Decision {
 public:
  explicit Decision(SearchState& search)
      : search_(search), shop_(search.shop()), state_(shop_), bound_(shop_), memo_(shop_) {}

  Answer decide(Ticks target, std::int64_t nodes) {
    target_ = target;
    nodes_ = nodes;
    state_.clear();
    memo_.clear();
    return descend();
  }

 private:
  using Choices = std::vector<ExactChoice>;

  Answer descend() {
    if (state_.complete()) {
      search_.consider(state_.orders(), "exact search");
      return Answer::Found;
    }
    if (--nodes_ < 0 || !search_.charge()) return Answer::Undecided;
    if (!bound_.feasible(state_, target_) || memo_.dominated(state_)) return Answer::Refuted;
    const Choices choices = branches();
    for (const ExactChoice& choice : choices) {
      state_.push(choice);
      const Answer answer = descend();
      if (answer == Answer::Found) return answer;
      state_.pop();
      if (answer == Answer::Undecided) return answer;
    }
    return choices.empty() ? Answer::Refuted : without_forwards(choices);
  }

  /// The branch in which the rank waits for something else than the F that it could run.
  Answer without_forwards(const Choices& choices) {
    const std::size_t r = shop_.rank_of[stage_of(choices.front().step)];
    const bool matters = shop_.stages_on(r).size() > 1 &&
                         shop_.cap[r] / static_cast<std::int64_t>(shop_.microbatches) < shop_.whole[r];
    const bool any = std::any_of(choices.begin(), choices.end(),
                                 [](const ExactChoice& c) { return kind_of(c.step) == kForward; });
    if (!matters || !any) return Answer::Refuted;
    state_.hold_back(r, true);
    const Answer answer = descend();
    if (answer != Answer::Found) state_.hold_back(r, false);
    return answer;
  }

  /// The steps that may come next on the rank that can end a step first: those that could start before that.
  Choices branches() const {
    Choices best;
    Ticks first = kNever;
    for (std::size_t r = 0; r < shop_.ranks; ++r) {
      Choices available = available_on(r);
      Ticks end = kNever;
      for (const ExactChoice& choice : available) end = std::min(end, choice.end);
      if (end >= first) continue;
      first = end;
      best = std::move(available);
    }
    std::erase_if(best, [&](const ExactChoice& c) { return c.start >= first && c.end > first; });
    // I before F before W, then what starts first: what a good order does.
    std::stable_sort(best.begin(), best.end(), [](const ExactChoice& a, const ExactChoice& b) {
      constexpr int kRank[] = {1, 0, 2};
      return std::pair(kRank[kind_of(a.step)], a.start) < std::pair(kRank[kind_of(b.step)], b.start);
    });
    return best;
  }

  Choices available_on(std::size_t r) const {
    Choices choices;
    bool ready = false;
    for (const std::uint32_t s : shop_.stages_on(r))
      for (Step step : {3 * s + kForward, 3 * s + kInput}) {
        const Ticks start = state_.earliest(step);
        if (start >= kNever) continue;
        if (kind_of(step) == kForward && (state_.holds_back(r) || !state_.fits(step))) continue;
        choices.push_back({step, start, start + shop_.duration[step]});
        ready |= start <= state_.free(r);
      }
    for (const std::uint32_t s : shop_.stages_on(r)) {
      const Ticks start = ready ? kNever : state_.earliest(3 * s + kWeight);
      if (start < kNever)
        choices.push_back({3 * s + kWeight, start, start + shop_.duration[3 * s + kWeight]});
    }
    return choices;
  }

  SearchState& search_;
  const Shop& shop_;
  ExactState state_;
  ExactBound bound_;
  ExactMemo memo_;
  Ticks target_ = 0;
  std::int64_t nodes_ = 0;
};

/// All times are multiples of it, so all objectives are.
Ticks grid_of(const Shop& shop) {
  Ticks grid = 0;
  for (Ticks time : shop.duration) grid = std::gcd(grid, time);
  for (const ShopInput& input : shop.into) grid = std::gcd(grid, input.hop);
  for (const ShopInput& input : shop.out_of) grid = std::gcd(grid, input.hop);
  return std::max<Ticks>(1, grid);
}

}  // namespace

void prove_order(SearchState& search) {
  const Ticks grid = grid_of(search.shop());
  search.raise_bound((search.bound() + grid - 1) / grid * grid);
  Decision decision(search);
  // Halves the gap. A question that takes too long is asked again for less, and then all with more patience.
  Ticks top = search.value();
  for (std::int64_t patience = 2000; !search.finished();) {
    const Ticks target = search.bound() + (top - grid - search.bound()) / grid / 2 * grid;
    const Answer answer = decision.decide(target, patience);
    if (answer == Answer::Refuted) search.raise_bound(target + grid);
    if (answer == Answer::Found) top = search.value();
    if (answer == Answer::Undecided) top = target;
    if (top > search.bound()) continue;
    top = search.value();
    patience *= 4;
  }
}

}  // namespace stagecraft
