#include "planners/order/exact_memo.h"

#include <algorithm>

namespace stagecraft {

ExactMemo::ExactMemo(const Shop& shop) : shop_(shop), heads_(kBuckets) {}

/// A question may take a few nodes only, and the table is large: empties the buckets that were used.
void ExactMemo::clear() {
  for (const std::uint32_t bucket : used_) heads_[bucket] = 0;
  used_.clear();
  words_.clear();
}

/// The key: what has been done. The times: when ranks are free, and when results are ready that are still
/// needed. A rank's span counts from its first step, so that an earlier first step is no gain there.
void ExactMemo::read(const ExactState& state) {
  key_.clear();
  times_.clear();
  for (Step step = 0; step < 3 * shop_.stages; ++step) key_.push_back(state.done(step));
  for (std::size_t r = 0; r < shop_.ranks; ++r) {
    key_.push_back(state.holds_back(r));
    times_.push_back(state.free(r));
    if (shop_.objective == OrderObjective::Span) times_.push_back(state.begun(r) ? -state.first(r) : 0);
  }
  const auto open = [&](Step made, Step use, Ticks hop) {
    for (std::size_t j = state.done(use); j < state.done(made); ++j)
      times_.push_back(std::max(state.end(made, j) + hop, state.free(shop_.rank_of[stage_of(use)])));
  };
  for (std::uint32_t s = 0; s < shop_.stages; ++s) {
    for (const ShopInput& in : shop_.into_forward(s)) open(3 * in.stage, 3 * s, in.hop);
    for (const ShopInput& in : shop_.into_input(s)) open(3 * in.stage + kInput, 3 * s + kInput, in.hop);
  }
}

std::uint64_t ExactMemo::hash() const {
  std::uint64_t value = 0;
  for (Ticks word : key_) {
    value = (value ^ static_cast<std::uint64_t>(word)) * 0x9E3779B97F4A7C15u;
    value ^= value >> 29;
  }
  return value;
}

bool ExactMemo::covers(std::size_t entry) const {
  const auto* words = words_.data() + entry + 1;
  if (!std::equal(key_.begin(), key_.end(), words)) return false;
  words += key_.size();
  for (std::size_t i = 0; i < times_.size(); ++i)
    if (words[i] > times_[i]) return false;
  return true;
}

bool ExactMemo::dominated(const ExactState& state) {
  read(state);
  const auto bucket = static_cast<std::uint32_t>(hash() % kBuckets);
  std::uint32_t& head = heads_[bucket];
  int looked = 0;
  for (std::size_t entry = head; entry > 0 && looked < 64;
       entry = static_cast<std::size_t>(words_[entry - 1]), ++looked)
    if (covers(entry - 1)) return true;
  if (words_.size() + 1 + key_.size() + times_.size() > kMostWords) return false;
  // Small searches stay small; a large one will fill it and grows once.
  if (words_.size() > kMostWords / 16) words_.reserve(kMostWords);
  if (head == 0) used_.push_back(bucket);
  words_.push_back(head);
  head = static_cast<std::uint32_t>(words_.size());
  words_.insert(words_.end(), key_.begin(), key_.end());
  words_.insert(words_.end(), times_.begin(), times_.end());
  return false;
}

}  // namespace stagecraft
