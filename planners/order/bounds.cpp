// Lower bounds of a pipeline order from one rank at a time. The first of them generalises Qi et al., "Zero
// Bubble Pipeline Parallelism", ICLR 2024 (arXiv 2401.10241), appendix B, to uneven stages, several per rank,
// any memory.
#include "planners/order/bounds.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// Bytes times nanoseconds pass 64 bits.
__extension__ using Wide = __int128;

/// Something that memory limits: `bytes` each, worth `time` each, at most `count` of it.
struct Item {
  std::int64_t bytes = 0;
  Ticks time = 0;
  std::int64_t count = 0;
};

/// The most time that fits `bytes`: a knapsack with the last item cut, so an upper bound.
Ticks most_time(std::vector<Item> items, std::int64_t bytes) {
  // One without time and bytes has no ratio: it would equal all others and leave them unsorted.
  std::erase_if(items, [](const Item& item) { return item.time == 0; });
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return static_cast<Wide>(a.time) * b.bytes > static_cast<Wide>(b.time) * a.bytes;
  });
  Ticks total = 0;
  for (const Item& item : items) {
    const std::int64_t whole = item.bytes == 0 ? item.count : std::min(item.count, bytes / item.bytes);
    total += whole * item.time;
    bytes -= whole * item.bytes;
    if (whole == item.count) continue;
    return total + static_cast<Ticks>((static_cast<Wide>(bytes) * item.time + item.bytes - 1) / item.bytes);
  }
  return total;
}

class RankBound {
 public:
  RankBound(const Shop& shop, const ShopPaths& paths, std::size_t rank)
      : shop_(shop),
        paths_(paths),
        rank_(rank),
        m_(static_cast<std::int64_t>(shop.microbatches)),
        stages_(find_stages()) {}

  Ticks span() const {
    const Ticks first = idle_before_first_input();
    const Ticks last = idle_after_last_forward();
    // The two do not overlap where the last F must wait until an I has freed memory.
    const bool apart = m_ * static_cast<Wide>(shop_.whole[rank_]) > shop_.cap[rank_];
    return std::max(memory_time(), shop_.work[rank_] + (apart ? first + last : std::max(first, last)));
  }
  Ticks makespan() const {
    Ticks head = kNever;
    Ticks exit = kNever;
    Ticks flow = 0;
    for (std::uint32_t s : shop_.stages_on(rank_)) {
      head = std::min(head, paths_.head[s]);
      exit = std::min(exit, paths_.exit[s]);
      flow += m_ * (time(s, kForward) + time(s, kInput));
    }
    return head + std::max(span(), idle_before_first_input() + flow + exit);
  }

 private:
  Ticks time(std::size_t stage, StepKind kind) const { return shop_.duration[3 * stage + kind]; }
  std::int64_t held(std::size_t stage) const { return -shop_.freed[3 * stage]; }
  std::int64_t kept(std::size_t stage) const { return shop_.freed[3 * stage + kWeight]; }
  /// A stage without time and memory holds nothing up: waits are counted between the steps of the others, if
  /// there are any.
  std::vector<std::uint32_t> find_stages() const {
    const auto on_rank = shop_.stages_on(rank_);
    std::vector<std::uint32_t> stages(on_rank.begin(), on_rank.end());
    std::erase_if(stages, [&](std::uint32_t s) {
      return held(s) + time(s, kForward) + time(s, kInput) + time(s, kWeight) == 0;
    });
    return stages.empty() ? std::vector<std::uint32_t>(on_rank.begin(), on_rank.end()) : stages;
  }

  /// From the rank's first step to the F of `stage`: the way from another stage of the rank before it.
  Ticks offset(std::size_t stage) const {
    Ticks way = 0;
    Ticks longest = 0;
    for (std::size_t at = stage; shop_.into_forward(at).size() == 1;) {
      const ShopInput& input = shop_.into_forward(at)[0];
      at = input.stage;
      way += time(at, kForward) + input.hop;
      if (shop_.rank_of[at] == rank_) longest = way;
    }
    return longest;
  }

  Ticks idle_before_first_input() const {
    Ticks first = kNever;
    std::vector<Item> forwards;
    for (std::uint32_t s : stages_) {
      first = std::min(first, offset(s) + time(s, kForward) + paths_.round_trip[s]);
      forwards.push_back({held(s), time(s, kForward), m_});
    }
    return std::max<Ticks>(0, first - most_time(std::move(forwards), shop_.cap[rank_]));
  }

  Ticks idle_after_last_forward() const {
    std::vector<Item> rest;
    for (std::uint32_t s : stages_) {
      rest.push_back({held(s), time(s, kInput) + time(s, kWeight), m_});
      rest.push_back({kept(s), time(s, kWeight), m_});
    }
    Ticks idle = kNever;
    for (std::uint32_t s : stages_)
      idle = std::min(idle, paths_.round_trip[s] - most_time(rest, shop_.cap[rank_] - held(s)));
    return std::max<Ticks>(0, idle);
  }

  Ticks memory_time() const {
    Wide total = 0;
    for (std::uint32_t s : shop_.stages_on(rank_))
      total += static_cast<Wide>(m_) *
               (static_cast<Wide>(held(s)) * (time(s, kForward) + paths_.round_trip[s] + time(s, kInput)) +
                static_cast<Wide>(kept(s)) * time(s, kWeight));
    const std::int64_t cap = std::max<std::int64_t>(1, shop_.cap[rank_]);
    return static_cast<Ticks>((total + cap - 1) / cap);
  }

  const Shop& shop_;
  const ShopPaths& paths_;
  std::size_t rank_;
  std::int64_t m_;
  std::vector<std::uint32_t> stages_;  // in the order of the flow
};

}  // namespace

ShopPaths paths_of(const Shop& shop) {
  ShopPaths paths{std::vector<Ticks>(shop.stages), std::vector<Ticks>(shop.stages),
                  std::vector<Ticks>(shop.stages)};
  for (std::uint32_t s : shop.flow) {
    for (const ShopInput& in : shop.into_forward(s))
      paths.head[s] = std::max(paths.head[s], paths.head[in.stage] + shop.duration[3 * in.stage] + in.hop);
    paths.exit[s] = shop.duration[3 * s + kWeight];
    for (const ShopInput& in : shop.into_forward(s))
      for (const ShopInput& back : shop.into_input(in.stage))
        if (back.stage == s)
          paths.exit[s] =
              std::max(paths.exit[s], back.hop + shop.duration[3 * in.stage + kInput] + paths.exit[in.stage]);
  }
  for (std::size_t i = shop.stages; i-- > 0;) {
    const std::uint32_t s = shop.flow[i];
    for (const ShopInput& out : shop.into_input(s))
      for (const ShopInput& way : shop.into_forward(out.stage))
        if (way.stage == s)
          paths.round_trip[s] = std::max(
              paths.round_trip[s], way.hop + shop.duration[3 * out.stage] + paths.round_trip[out.stage] +
                                       shop.duration[3 * out.stage + kInput] + out.hop);
  }
  return paths;
}

Ticks lower_bound(const Shop& shop) {
  const ShopPaths paths = paths_of(shop);
  Ticks bound = 0;
  for (std::size_t r = 0; r < shop.ranks; ++r) {
    const RankBound rank(shop, paths, r);
    bound = std::max(bound, shop.objective == OrderObjective::Span ? rank.span() : rank.makespan());
  }
  return bound;
}

}  // namespace stagecraft
