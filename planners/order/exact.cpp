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
#include <optional>

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
    choices_.clear();
    open_.clear();
    state_.clear();
    memo_.clear();
    do
      if (const auto answer = enter()) return *answer;
    while (advance());
    return Answer::Refuted;
  }

 private:
  /// A state on the way to the one at hand, whose branches are tried one after the other.
  struct Node {
    std::size_t begin = 0;  // of its branches in choices_
    std::size_t end = 0;
    std::size_t next = 0;
    bool waits = false;  // in the last branch: the rank waits for something else than an F that it could run
  };

  /// Looks at a new state: an answer, or nothing where the search goes on, below it if that makes sense.
  std::optional<Answer> enter() {
    if (state_.complete()) {
      search_.consider(state_.orders(), "exact search");
      return Answer::Found;
    }
    if (--nodes_ < 0 || !search_.charge()) return Answer::Undecided;
    if (!bound_.feasible(state_, target_) || memo_.dominated(state_)) return std::nullopt;
    const std::size_t begin = choices_.size();
    add_branches();
    open_.push_back({begin, choices_.size(), begin});
    return std::nullopt;
  }

  /// Takes the next branch, of the latest node that has one. False where all are refuted.
  bool advance() {
    for (; !open_.empty(); open_.pop_back()) {
      Node& node = open_.back();
      if (node.next > node.begin && !node.waits) state_.pop();
      if (node.next < node.end) {
        state_.push(choices_[node.next++]);
        return true;
      }
      if (!node.waits && may_wait(node)) {
        node.waits = true;
        state_.hold_back(rank_of(node), true);
        return true;
      }
      if (node.waits) state_.hold_back(rank_of(node), false);
      choices_.resize(node.begin);
    }
    return false;
  }

  std::size_t rank_of(const Node& node) const { return shop_.rank_of[stage_of(choices_[node.begin].step)]; }

  bool may_wait(const Node& node) const {
    const auto forward = [](const ExactChoice& c) { return kind_of(c.step) == kForward; };
    if (std::none_of(choices_.begin() + std::ptrdiff_t(node.begin), choices_.end(), forward)) return false;
    const std::size_t r = rank_of(node);
    return shop_.stages_on(r).size() > 1 &&
           shop_.cap[r] / static_cast<std::int64_t>(shop_.microbatches) < shop_.whole[r];
  }

  /// The steps that may come next on the rank that can end a step first: those that could start before that.
  void add_branches() {
    Ticks first = kNever;
    for (std::size_t r = 0; r < shop_.ranks; ++r) {
      const Ticks end = find_available(r);
      if (end >= first) continue;
      first = end;
      std::swap(best_, available_);
    }
    if (first >= kNever) return;
    // I before F before W, then what starts first: what a good order does.
    const auto before = [](const ExactChoice& a, const ExactChoice& b) {
      constexpr int kRank[] = {1, 0, 2};
      return std::pair(kRank[kind_of(a.step)], a.start) < std::pair(kRank[kind_of(b.step)], b.start);
    };
    const auto begin = static_cast<std::ptrdiff_t>(choices_.size());
    for (const ExactChoice& choice : best_)
      if (choice.start < first || choice.end <= first)
        choices_.insert(std::upper_bound(choices_.begin() + begin, choices_.end(), choice, before), choice);
  }

  /// Lists the rank's steps that could come next in available_, and returns when the first of them can end.
  Ticks find_available(std::size_t r) {
    available_.clear();
    bool ready = false;
    Ticks end = kNever;
    const auto add = [&](Step step, Ticks start) {
      available_.push_back({step, start, start + shop_.duration[step]});
      end = std::min(end, available_.back().end);
    };
    for (const std::uint32_t s : shop_.stages_on(r))
      for (Step step : {3 * s + kForward, 3 * s + kInput}) {
        const Ticks start = state_.earliest(step);
        if (start >= kNever) continue;
        if (kind_of(step) == kForward && (state_.holds_back(r) || !state_.fits(step))) continue;
        add(step, start);
        ready |= start <= state_.free(r);
      }
    if (ready) return end;
    for (const std::uint32_t s : shop_.stages_on(r))
      if (const Ticks start = state_.earliest(3 * s + kWeight); start < kNever) add(3 * s + kWeight, start);
    return end;
  }

  SearchState& search_;
  const Shop& shop_;
  ExactState state_;
  ExactBound bound_;
  ExactMemo memo_;
  std::vector<Node> open_;              // a list instead of calls: orders may be long, stacks small
  std::vector<ExactChoice> choices_;    // the branches of all open nodes
  std::vector<ExactChoice> available_;  // of one rank
  std::vector<ExactChoice> best_;       // of the rank that ends a step first
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
  if (search.finished()) return;
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
