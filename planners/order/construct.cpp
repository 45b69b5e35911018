#include "planners/order/construct.h"

#include <algorithm>

#include "planners/order/construct_blocks.h"
#include "planners/order/dispatch.h"

namespace stagecraft {

namespace {

/// The most micro-batches in flight per stage: 1 + `percent` of those whose F would fill the time until the
/// first I comes back, at the pace of the slowest F before it.
std::vector<std::uint32_t> in_flight(const Shop& shop, const ShopPaths& paths, int percent) {
  std::vector<std::uint32_t> limit(shop.stages);
  std::vector<Ticks> pace(shop.stages, 1);
  for (std::uint32_t s : shop.flow) {
    pace[s] = std::max(pace[s], shop.duration[3 * s]);
    for (const ShopInput& in : shop.into_forward(s)) pace[s] = std::max(pace[s], pace[in.stage]);
    const Ticks count = paths.round_trip[s] * percent / (100 * pace[s]);
    limit[s] = 1 + static_cast<std::uint32_t>(std::min<Ticks>(count, static_cast<Ticks>(shop.microbatches)));
  }
  return limit;
}

struct Setting {
  int fill;  ///< percent, see in_flight(); 0: no limit
  bool alternate;
  int forward_overlap;
  int weight_overlap;
  int budget;  ///< idle budget in percent of the bubble that the bound allows; 0: none
};

/// Those that did best over many problems come first, then the rest of a grid.
constexpr Setting kFirst[] = {
    {100, true, 8, 0, 100}, {0, false, 8, 8, 0},    {120, false, 8, 8, 0},   {0, true, 4, 8, 0},
    {67, false, 8, 0, 0},   {110, true, 8, 8, 0},   {100, false, 8, 4, 100}, {130, false, 8, 4, 0},
    {100, true, 8, 4, 90},  {110, true, 8, 0, 100}, {105, false, 8, 8, 0},   {0, false, 4, 0, 0},
};
constexpr int kFills[] = {0, 50, 67, 75, 80, 90, 100, 105, 110, 120, 130, 150};
constexpr int kOverlaps[] = {0, 4, 8};
constexpr int kBudgets[] = {0, 25, 50, 75, 100};

class Policies {
 public:
  explicit Policies(SearchState& search)
      : search_(search), shop_(search.shop()), paths_(paths_of(shop_)), dispatcher_(shop_) {
    bubble_ = search.bound() - *std::max_element(shop_.work.begin(), shop_.work.end());
  }

  /// There has to be a plan, however short the time: asks for no limit.
  void first() { run(kFirst[0]); }

  void all() {
    for (const Setting& setting : kFirst) attempt(setting);
    for (int fill : kFills)
      for (bool alternate : {false, true})
        for (int forward : kOverlaps)
          for (int weight : kOverlaps)
            for (int budget : kBudgets)
              if (budget == 0 || weight < 8) attempt({fill, alternate, forward, weight, budget});
  }

 private:
  void attempt(const Setting& setting) {
    if (!search_.finished()) run(setting);
  }

  void run(const Setting& setting) {
    DispatchPolicy policy{.alternate = setting.alternate,
                          .forward_overlap = setting.forward_overlap,
                          .weight_overlap = setting.weight_overlap};
    if (setting.budget > 0) policy.idle_budget = bubble_ * setting.budget / 100;
    if (setting.fill > 0) policy.in_flight = in_flight(shop_, paths_, setting.fill);
    search_.consider_justified(dispatcher_.run(policy), "list scheduling");
  }

  SearchState& search_;
  const Shop& shop_;
  ShopPaths paths_;
  Dispatcher dispatcher_;
  Ticks bubble_ = 0;
};

/// The best may gain from more rounds.
void polish(SearchState& search) {
  for (bool better = true; better && !search.finished();) {
    const OrderScore before = search.score();
    const OrderScore after = search.consider(search.justify(search.best()), search.origin());
    better = after.better_than(before, search.shop().objective);
  }
}

}  // namespace

void construct_orders(SearchState& search) {
  Policies policies(search);
  policies.first();
  const bool chunked = search.shop().stages > search.shop().ranks;
  if (chunked) construct_blocks(search);
  if (chunked) polish(search);
  policies.all();
  if (!chunked) construct_blocks(search);
}

}  // namespace stagecraft
