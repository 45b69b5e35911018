#include "planners/order/construct_blocks.h"

#include <algorithm>
#include <numeric>

#include "planners/order/block.h"

namespace stagecraft {

namespace {

/// Blocks with several periods and strides, those within the caps, timed first and then justified.
class Blocks {
  static constexpr std::size_t kMostStagesPerRank = 8;

 public:
  explicit Blocks(SearchState& search) : search_(search), shop_(search.shop()), slots_(shop_) {
    for (Ticks work : shop_.work) work_ = std::max(work_, work / static_cast<Ticks>(shop_.microbatches));
    for (std::uint32_t s = 0; s < shop_.stages; ++s) {
      for (const ShopInput& in : shop_.into_forward(s)) widen(in.stage, s, kForward, in.hop);
      for (const ShopInput& in : shop_.into_input(s)) widen(in.stage, s, kInput, in.hop);
    }
    std::fill(slots_.duration.begin(), slots_.duration.end(), Ticks{1});
    for (std::vector<ShopInput>* inputs : {&slots_.into, &slots_.out_of})
      for (ShopInput& input : *inputs) input.hop = 0;
  }

  void run() {
    // A block's cost grows with the cube of a rank's stages, and there is less to gain.
    if (shop_.stages > kMostStagesPerRank * shop_.ranks) return;
    most_ = static_cast<std::size_t>(
        std::min(std::min(search_.left(), 2 * kMostCandidates) * 2 / 3, kMostCandidates));
    in_slots();
    if (work_ == 0) return justify();  // Without time there is no period to repeat a block by.
    for (int part = 0; part <= 40 && more(); ++part) in_time(work_ + work_ * part / 60);
    justify();
  }

 private:
  struct Candidate {
    std::size_t begin = 0;  // of its order in steps_
    Ticks value = 0;
    bool justified = false;
  };
  static constexpr std::int64_t kMostCandidates = 600;

  bool more() const { return candidates_.size() < most_ && !search_.finished(); }

  /// The least stride that serves every hop in both directions.
  void widen(std::uint32_t from, std::uint32_t to, StepKind kind, Ticks hop) {
    if (shop_.rank_of[from] != shop_.rank_of[to])
      stride_ = std::max(stride_, shop_.duration[3 * from + kind] + hop);
  }

  /// As if all steps took one slot and hops none: the order, and with it the memory, is the paper's, whatever
  /// the steps take. With two stages per rank strides of 1 and 1 make V-Min, 2 and 1 V-Half.
  void in_slots() {
    const auto slots = static_cast<Ticks>(3 * (shop_.stages / shop_.ranks));
    for (Ticks sum = 2; sum <= slots; ++sum)
      for (Ticks down = 1; down < sum; ++down) attempt(slots_, {slots, down, sum - down});
  }

  /// Where what goes down and what comes up advance by a simple part of the period together, they meet in the
  /// same places on every rank: with a third that is V-Min in real time, with a half V-Half.
  void in_time(Ticks period) {
    attempt(shop_, {period, 0, 0});
    for (int sixths : {4, 3, 2, 5, 6, 8}) {
      const Ticks both = period * sixths / 6;
      if (both < 2 * stride_) continue;
      attempt(shop_, {period, both - stride_, stride_});
      attempt(shop_, {period, stride_, both - stride_});
    }
  }

  void attempt(const Shop& shop, const BlockShape& shape) {
    if (!more()) return;
    const auto block = make_block(shop, shape);
    if (!block) return;
    for (std::size_t r = 0; r < shop_.ranks; ++r)
      if (block->peak[r] > shop_.cap[r]) return;
    repeat_block(shop_, *block, orders_);
    const OrderScore score = search_.consider(orders_, "building block");
    if (score.span >= kNever) return;
    candidates_.push_back({steps_.size(), score.value(shop_.objective)});
    steps_.insert(steps_.end(), orders_.steps.begin(), orders_.steps.end());
  }

  /// By turns the next one in the order of attempts, which begins with the most promising shapes, and the one
  /// that is shortest as it is.
  void justify() {
    std::vector<std::size_t> by_value(candidates_.size());
    std::iota(by_value.begin(), by_value.end(), std::size_t{0});
    std::stable_sort(by_value.begin(), by_value.end(), [&](std::size_t a, std::size_t b) {
      return candidates_[a].value < candidates_[b].value;
    });
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      justify(candidates_[i]);
      justify(candidates_[by_value[i]]);
    }
  }
  void justify(Candidate& candidate) {
    if (candidate.justified || search_.finished()) return;
    candidate.justified = true;
    const auto begin = steps_.begin() + static_cast<std::ptrdiff_t>(candidate.begin);
    std::copy_n(begin, shop_.steps(), orders_.steps.begin());
    search_.consider(search_.justify(orders_), "building block");
  }

  SearchState& search_;
  const Shop& shop_;
  Shop slots_;  // the shop with all steps alike
  Ticks work_ = 0;
  Ticks stride_ = 0;
  std::size_t most_ = 0;
  RankOrders orders_;        // the one at hand: its ranks begin where those of all others do
  std::vector<Step> steps_;  // of all candidates
  std::vector<Candidate> candidates_;
};

}  // namespace

void construct_blocks(SearchState& search) {
  Blocks(search).run();
}

}  // namespace stagecraft
