#include "planners/order/block.h"

#include <algorithm>

namespace stagecraft {

namespace {

struct Busy { Ticks begin, end; };  // phases, begin < period, end may pass it

class Table {
 public:
  Table(Ticks period, std::vector<Ticks> items) : period_(period), rest_(std::move(items)) { std::sort(rest_.rbegin(), rest_.rend()); }

  Ticks place(Ticks ready, Ticks d) {
    rest_.erase(std::find(rest_.begin(), rest_.end(), d));
    Ticks best = kNever;
    consider(ready, ready, d, best);
    std::vector<Ticks> sums{0};
    for (Ticks r : rest_) { const size_t n = sums.size(); for (size_t i = 0; i < n; ++i) sums.push_back(sums[i] + r); }
    for (const Busy& b : busy_) for (Ticks s : sums) {
      consider(ready, b.end + s, d, best);
      consider(ready, b.begin - d - s, d, best);
    }
    if (best >= kNever) return kNever;
    const Ticks phase = best % period_;
    busy_.push_back({phase, phase + d});
    std::sort(busy_.begin(), busy_.end(), [](const Busy& a, const Busy& b) { return a.begin < b.begin; });
    return best;
  }
 private:
  void consider(Ticks ready, Ticks at, Ticks d, Ticks& best) {
    Ticks phase = ((at % period_) + period_) % period_;
    Ticks t = ready + ((phase - ready % period_) + period_) % period_;
    if (t >= best) return;
    if (!fits(phase, d)) return;
    best = t;
  }
  bool fits(Ticks phase, Ticks d) {
    all_ = busy_;
    all_.push_back({phase, phase + d});
    std::sort(all_.begin(), all_.end(), [](const Busy& a, const Busy& b) { return a.begin < b.begin; });
    gaps_.clear();
    for (size_t i = 0; i < all_.size(); ++i) {
      const Ticks next = i + 1 < all_.size() ? all_[i + 1].begin : all_[0].begin + period_;
      if (next < all_[i].end) return false;
      gaps_.push_back(next - all_[i].end);
    }
    return pack(0);
  }
  bool pack(size_t i) {
    if (i == rest_.size()) return true;
    for (size_t g = 0; g < gaps_.size(); ++g) {
      if (gaps_[g] < rest_[i]) continue;
      bool seen = false; for (size_t h = 0; h < g; ++h) seen |= gaps_[h] == gaps_[g];
      if (seen) continue;
      gaps_[g] -= rest_[i];
      bool ok = pack(i + 1);
      gaps_[g] += rest_[i];
      if (ok) return true;
    }
    return false;
  }
  Ticks period_;
  std::vector<Ticks> rest_;
  std::vector<Busy> busy_, all_;
  std::vector<Ticks> gaps_;
};

}  // namespace

BuildingBlock make_block(const Shop& shop, Ticks period) {
  BuildingBlock block{.target = std::vector<Ticks>(3 * shop.stages), .period = period};
  std::vector<Table> tables;
  for (size_t r = 0; r < shop.ranks; ++r) {
    std::vector<Ticks> items;
    for (auto s : shop.stages_on(r)) for (int k = 0; k < 3; ++k) items.push_back(shop.duration[3 * s + k]);
    tables.emplace_back(period, items);
  }
  const auto put = [&](Step step, Ticks ready) {
    block.target[step] = tables[shop.rank_of[stage_of(step)]].place(ready, shop.duration[step]);
    if (block.target[step] >= kNever) block.period = kNever;
  };
  const auto end = [&](Step step) { return block.target[step] + shop.duration[step]; };
  for (auto s : shop.flow) {
    Ticks ready = 0;
    for (const auto& in : shop.into_forward(s)) ready = std::max(ready, end(3 * in.stage) + in.hop);
    put(3 * s, ready);
  }
  for (size_t i = shop.stages; i-- > 0;) {
    const auto s = shop.flow[i];
    Ticks ready = end(3 * s);
    for (const auto& in : shop.into_input(s)) ready = std::max(ready, end(3 * in.stage + 1) + in.hop);
    put(3 * s + 1, ready);
  }
  for (size_t i = shop.stages; i-- > 0;) { const auto s = shop.flow[i]; put(3 * s + 2, end(3 * s + 1)); }
  if (block.period >= kNever) return block;
  block.peak.assign(shop.ranks, 0);
  const Ticks big = 1000 * period;
  for (size_t r = 0; r < shop.ranks; ++r)
    for (auto s : shop.stages_on(r)) {
      const Ticks t = block.target[3 * s] + big;
      std::int64_t held = 0;
      for (auto q : shop.stages_on(r)) {
        held += -shop.freed[3 * q] * ((t - block.target[3 * q]) / period + 1);
        held -= shop.freed[3 * q + 1] * ((t - end(3 * q + 1)) / period + 1);
        held -= shop.freed[3 * q + 2] * ((t - end(3 * q + 2)) / period + 1);
      }
      block.peak[r] = std::max(block.peak[r], held);
    }
  return block;
}

RankOrders repeat_block(const Shop& shop, const BuildingBlock& block) {
  RankOrders o;
  for (size_t r = 0; r < shop.ranks; ++r) {
    std::vector<std::pair<Ticks, Step>> all;
    for (auto s : shop.stages_on(r)) for (Step k = 0; k < 3; ++k) for (size_t j = 0; j < shop.microbatches; ++j)
      all.push_back({block.target[3 * s + k] + Ticks(j) * block.period, 3 * s + k});
    std::sort(all.begin(), all.end());
    for (auto& [t, s] : all) o.steps.push_back(s);
    o.begin.push_back(o.steps.size());
  }
  return o;
}

}  // namespace stagecraft
