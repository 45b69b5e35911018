// Building blocks: one micro-batch's steps, repeated every period. Qi et al., "Pipeline Parallelism with
// Controllable Memory", NeurIPS 2024 (arXiv 2405.15362), section 3, build them from equal slots; here the
// steps keep their real times and are placed as in modulo scheduling (Rau, "Iterative modulo scheduling",
// MICRO 1994).
#include "planners/order/block.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// One rank's steps around the clock of a period.
class Clock {
 public:
  Clock(Ticks period, std::vector<Ticks> steps) : period_(period), rest_(std::move(steps)) {
    std::sort(rest_.begin(), rest_.end(), std::greater<>());
  }

  /// The first start from `ready` on for a step that takes `time`; kNever where there is none. Besides
  /// `ready` it tries the starts next to other steps, with some of the remaining ones in between: of the
  /// starts that leave room for these, the first is among them where there is no time to lose.
  Ticks place(Ticks ready, Ticks time) {
    rest_.erase(std::find(rest_.begin(), rest_.end(), time));
    find_sums();
    Ticks best = kNever;
    consider(ready, ready, time, best);
    for (const Busy& step : busy_)
      for (Ticks between : sums_) {
        consider(ready, step.end + between, time, best);
        consider(ready, step.begin - time - between, time, best);
      }
    if (best < kNever) add({best % period_, best % period_ + time});
    return best;
  }

 private:
  struct Busy {
    Ticks begin = 0;  // in [0, period)
    Ticks end = 0;    // may pass the period
  };
  static constexpr std::size_t kMostSubsets = 64;

  void find_sums() {
    sums_.assign(1, 0);
    for (Ticks time : rest_) {
      const std::size_t known = sums_.size();
      for (std::size_t i = 0; i < known && sums_.size() < kMostSubsets; ++i) sums_.push_back(sums_[i] + time);
    }
    std::sort(sums_.begin(), sums_.end());
    sums_.erase(std::unique(sums_.begin(), sums_.end()), sums_.end());
  }

  void consider(Ticks ready, Ticks at, Ticks time, Ticks& best) {
    const Ticks start = ready + ((at - ready) % period_ + period_) % period_;
    if (start < best && leaves_room({start % period_, start % period_ + time})) best = start;
  }

  void add(const Busy& step) {
    const auto later = [](const Busy& a, const Busy& b) { return a.begin < b.begin; };
    busy_.insert(std::upper_bound(busy_.begin(), busy_.end(), step, later), step);
  }

  bool leaves_room(const Busy& step) {
    gaps_.clear();
    bool apart = true;
    const auto gap = [&](const Busy& a, Ticks next) {
      apart &= next >= a.end;
      gaps_.push_back(next - a.end);
    };
    std::size_t at = 0;
    while (at < busy_.size() && busy_[at].begin <= step.begin) ++at;
    for (std::size_t i = 0; i + 1 < busy_.size(); ++i)
      if (i + 1 != at) gap(busy_[i], busy_[i + 1].begin);
    if (busy_.empty()) {
      gap(step, step.begin + period_);
    } else {
      if (at > 0 && at < busy_.size()) gap(busy_.back(), busy_.front().begin + period_);
      gap(at > 0 ? busy_[at - 1] : busy_.back(), at > 0 ? step.begin : step.begin + period_);
      gap(step, at < busy_.size() ? busy_[at].begin : busy_.front().begin + period_);
    }
    trials_ = 0;
    return apart && pack(0);
  }

  /// Whether the remaining steps from `i` on, longest first, fit the gaps. Gives up after some trials, so
  /// that many stages on a rank cost no more than a missed chance.
  bool pack(std::size_t i) {
    if (i == rest_.size()) return true;
    if (++trials_ > 200) return false;
    for (std::size_t g = 0; g < gaps_.size(); ++g) {
      if (gaps_[g] < rest_[i] || std::find(gaps_.begin(), gaps_.begin() + static_cast<std::ptrdiff_t>(g),
                                           gaps_[g]) != gaps_.begin() + static_cast<std::ptrdiff_t>(g))
        continue;
      gaps_[g] -= rest_[i];
      const bool fits = pack(i + 1);
      gaps_[g] += rest_[i];
      if (fits) return true;
    }
    return false;
  }

  Ticks period_;
  std::vector<Ticks> rest_;  // times of the steps that are still to be placed, longest first
  std::vector<Busy> busy_;   // by begin
  std::vector<Ticks> sums_;
  std::vector<Ticks> gaps_;
  int trials_ = 0;
};

class BlockMaker {
 public:
  BlockMaker(const Shop& shop, const BlockShape& shape)
      : shop_(shop),
        shape_(shape),
        block_{.period = shape.period, .target = std::vector<Ticks>(3 * shop.stages), .peak = {}} {
    for (std::size_t r = 0; r < shop.ranks; ++r) {
      std::vector<Ticks> steps;
      for (std::uint32_t s : shop.stages_on(r))
        for (Step k = 0; k < 3; ++k) steps.push_back(shop.duration[3 * s + k]);
      clocks_.emplace_back(shape.period, std::move(steps));
    }
  }

  std::optional<BuildingBlock> run() {
    for (std::uint32_t s : shop_.flow)
      if (!put(3 * s, arrival(s, kForward, 0))) return std::nullopt;
    for (std::size_t i = shop_.stages; i-- > 0;) {
      const Step forward = 3 * shop_.flow[i];
      if (!put(forward + kInput, arrival(shop_.flow[i], kInput, end(forward)))) return std::nullopt;
    }
    for (std::size_t i = shop_.stages; i-- > 0;) {
      const Step weight = 3 * shop_.flow[i] + kWeight;
      if (!put(weight, end(weight - 1))) return std::nullopt;
    }
    for (std::size_t r = 0; r < shop_.ranks; ++r) block_.peak.push_back(peak(r));
    return std::move(block_);
  }

 private:
  Ticks end(Step step) const { return block_.target[step] + shop_.duration[step]; }

  Ticks arrival(std::uint32_t stage, StepKind kind, Ticks time) const {
    for (const ShopInput& in : kind == kForward ? shop_.into_forward(stage) : shop_.into_input(stage)) {
      const Step made = 3 * in.stage + kind;
      time = std::max({time, end(made) + in.hop, block_.target[made] + stride(in.stage, stage)});
    }
    return time;
  }
  Ticks stride(std::uint32_t from, std::uint32_t to) const {
    if (shop_.rank_of[from] == shop_.rank_of[to]) return 0;
    return shop_.rank_of[to] > shop_.rank_of[from] ? shape_.down_stride : shape_.up_stride;
  }

  bool put(Step step, Ticks ready) {
    block_.target[step] = clocks_[shop_.rank_of[stage_of(step)]].place(ready, shop_.duration[step]);
    return block_.target[step] < kNever;
  }

  /// The rank holds most when an F starts.
  std::int64_t peak(std::size_t rank) const {
    std::int64_t most = 0;
    for (std::uint32_t s : shop_.stages_on(rank)) most = std::max(most, held_at(rank, block_.target[3 * s]));
    return most;
  }
  /// Long after the start, at this phase of the period.
  std::int64_t held_at(std::size_t rank, Ticks time) const {
    const Ticks long_after =
        (*std::max_element(block_.target.begin(), block_.target.end()) / block_.period + 2) * block_.period;
    const auto times = [&](Ticks since) { return (time + long_after - since) / block_.period + 1; };
    std::int64_t held = 0;
    for (std::uint32_t s : shop_.stages_on(rank)) {
      held -= shop_.freed[3 * s] * times(block_.target[3 * s]);
      for (Step step : {3 * s + kInput, 3 * s + kWeight}) held -= shop_.freed[step] * times(end(step));
    }
    return held;
  }

  const Shop& shop_;
  const BlockShape& shape_;
  BuildingBlock block_;
  std::vector<Clock> clocks_;
};

/// A step's place in a rank's repetition.
struct Series {
  Ticks next = 0;
  std::size_t left = 0;
  Step step = 0;
};

/// In the order of the flow, which decides where steps without time stand at the same place.
std::vector<Series> series_of(const Shop& shop, const BuildingBlock& block, std::size_t rank) {
  std::vector<Series> series;
  const auto add = [&](Step step) { series.push_back({block.target[step], shop.microbatches, step}); };
  const auto stages = shop.stages_on(rank);
  for (std::uint32_t s : stages) add(3 * s + kForward);
  for (std::size_t i = stages.size(); i-- > 0;) add(3 * stages[i] + kInput);
  for (std::size_t i = stages.size(); i-- > 0;) add(3 * stages[i] + kWeight);
  return series;
}

}  // namespace

std::optional<BuildingBlock> make_block(const Shop& shop, const BlockShape& shape) {
  return BlockMaker(shop, shape).run();
}

void repeat_block(const Shop& shop, const BuildingBlock& block, RankOrders& orders) {
  orders.steps.clear();
  orders.steps.reserve(shop.steps());
  orders.begin.assign(1, 0);
  std::vector<Series> series;
  for (std::size_t r = 0; r < shop.ranks; ++r) {
    series = series_of(shop, block, r);
    while (!series.empty()) {
      const auto first = std::min_element(series.begin(), series.end(),
                                          [](const Series& a, const Series& b) { return a.next < b.next; });
      orders.steps.push_back(first->step);
      first->next += block.period;
      if (--first->left == 0) series.erase(first);
    }
    orders.begin.push_back(orders.steps.size());
  }
}

}  // namespace stagecraft
