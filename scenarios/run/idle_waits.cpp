#include "scenarios/run/idle_waits.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/quantity.h"

namespace stagecraft {

namespace {

constexpr std::size_t kMostWaits = 3;  // kept of a rank

/// What is awaited: the cause; stage and kind of the op, and for a fused one the stage of its backward. Stage
/// -1: nothing.
using Key = std::tuple<BubbleCause, int, OpKind, int>;

struct Sum {
  Duration time{0};
  std::set<std::uint32_t> microbatches;
};

Key key_of(const Timeline& timeline, const Bubble& bubble) {
  if (bubble.waits_for == kNoOp) return {bubble.cause, -1, OpKind::Forward, 0};
  const Op& op = timeline.ops[bubble.waits_for];
  return {bubble.cause, op.stage, op.kind, op.partner_stage};
}

std::string name_of(const Key& key, const std::set<std::uint32_t>& microbatches) {
  const auto [cause, stage, kind, partner] = key;
  if (stage < 0) return "";
  const std::string op = kind == OpKind::ForwardBackward
                             ? fmt::format("{}{}+{}{}", stage, info(OpKind::Forward).letter, partner,
                                           info(OpKind::Backward).letter)
                             : fmt::format("{}{}", stage, info(kind).letter);
  if (!info(kind).per_microbatch) return op;
  if (microbatches.size() == 1) return fmt::format("{} of micro-batch {}", op, *microbatches.begin());
  return fmt::format("{} of {} micro-batches", op, microbatches.size());
}

/// The longest waits of a rank.
void append_longest(int rank, const std::map<Key, Sum>& sums, std::vector<Waits>& waits) {
  std::vector<Waits> all;
  for (const auto& [key, sum] : sums)
    all.push_back({.rank = rank,
                   .cause = std::get<0>(key),
                   .waits_for = name_of(key, sum.microbatches),
                   .time = sum.time});
  std::ranges::stable_sort(all, std::greater<>(), &Waits::time);
  all.resize(std::min(all.size(), kMostWaits));
  waits.insert(waits.end(), all.begin(), all.end());
}

}  // namespace

std::vector<Waits> waits_of(const Timeline& timeline) {
  std::vector<Waits> waits;
  const std::vector<Bubble>& bubbles = timeline.bubbles;
  for (std::size_t at = 0; at < bubbles.size();) {
    const std::uint32_t rank = bubbles[at].rank;
    std::map<Key, Sum> sums;
    for (; at < bubbles.size() && bubbles[at].rank == rank; ++at) {
      Sum& sum = sums[key_of(timeline, bubbles[at])];
      sum.time += bubbles[at].end - bubbles[at].start;
      if (bubbles[at].waits_for != kNoOp)
        sum.microbatches.insert(timeline.ops[bubbles[at].waits_for].microbatch);
    }
    append_longest(static_cast<int>(rank), sums, waits);
  }
  return waits;
}

std::string in_words(const Waits& wait) {
  std::string what(info(wait.cause).name);
  if (!wait.waits_for.empty())
    what += ": " + wait.waits_for + (wait.cause == BubbleCause::Link ? " on the way" : "");
  return what;
}

}  // namespace stagecraft
