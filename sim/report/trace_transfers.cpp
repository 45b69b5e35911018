#include "sim/report/trace_transfers.h"

#include <algorithm>

namespace stagecraft {

namespace {

/// Which ops a selection shows, for looking up single ops.
class ShownOps {
 public:
  ShownOps(const Timeline& timeline, const Selection& selection) {
    const IndexRange ranks = shown_ranks(timeline, selection);
    for (std::size_t rank = ranks.first; rank < ranks.last; ++rank) {
      const IndexRange ops = shown_ops(timeline, rank, selection);
      if (!ranges_.empty() && ranges_.back().last == ops.first) {
        ranges_.back().last = ops.last;
      } else {
        ranges_.push_back(ops);
      }
    }
  }

  bool contains(std::size_t op) const {
    const auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), op,
                         [](std::size_t index, const IndexRange& r) { return index < r.first; });
    return after != ranges_.begin() && std::prev(after)->contains(op);
  }

 private:
  std::vector<IndexRange> ranges_;  // ascending; neighbours joined, so one range where everything is shown
};

void sort(std::vector<TransferKey>& keys) {
  if (!std::is_sorted(keys.begin(), keys.end())) std::sort(keys.begin(), keys.end());
}

}  // namespace

bool has_slice(const Timeline& timeline, const Transfer& transfer, const Selection& selection) {
  const bool handed_over =
      transfer.start == transfer.end && !info(timeline.ops[transfer.from_op].kind).compute;
  return !handed_over && in_window(selection, transfer.start, transfer.end);
}

ShownTransfers shown_transfers(const Timeline& timeline, const Selection& selection) {
  const ShownOps shown(timeline, selection);
  const IndexRange ranks = shown_ranks(timeline, selection);
  const IndexRange of_ranks{timeline.begin[ranks.first], timeline.begin[ranks.last]};

  ShownTransfers result;
  for (std::uint32_t i = 0; i < timeline.transfers.size(); ++i) {
    const Transfer& transfer = timeline.transfers[i];
    if (has_slice(timeline, transfer, selection)) {
      if (of_ranks.contains(transfer.from_op))
        result.sends.push_back({transfer.from_op, i});
      else if (of_ranks.contains(transfer.to_op))
        result.receives.push_back({transfer.to_op, i});
    }
    if (shown.contains(transfer.from_op) && shown.contains(transfer.to_op)) {
      result.starts.push_back({transfer.from_op, i});
      result.ends.push_back({transfer.to_op, i});
    }
  }
  sort(result.sends);
  sort(result.receives);
  sort(result.starts);
  sort(result.ends);
  return result;
}

std::span<const TransferKey> take_op(std::span<const TransferKey>& keys, std::size_t op) {
  std::size_t count = 0;
  while (count < keys.size() && keys[count].op == op) ++count;
  const auto taken = keys.first(count);
  keys = keys.subspan(count);
  return taken;
}

std::span<const TransferKey> take_until(std::span<const TransferKey>& keys, std::size_t end_op) {
  std::size_t count = 0;
  while (count < keys.size() && keys[count].op < end_op) ++count;
  const auto taken = keys.first(count);
  keys = keys.subspan(count);
  return taken;
}

SendTracks tracks_of(const Timeline& timeline, std::span<const TransferKey> sends, bool backward) {
  SendTracks result;
  for (const TransferKey& key : sends) {
    if (timeline.transfers[key.transfer].backward == backward) result.sends.push_back({key.transfer, 0});
  }
  const auto at = [&](const TrackedSend& send) -> const Transfer& {
    return timeline.transfers[send.transfer];
  };
  std::stable_sort(result.sends.begin(), result.sends.end(),
                   [&](const TrackedSend& a, const TrackedSend& b) { return at(a).start < at(b).start; });

  std::vector<TimePoint> free_from;
  for (TrackedSend& send : result.sends) {
    const auto free = std::find_if(free_from.begin(), free_from.end(),
                                   [&](TimePoint time) { return time <= at(send).start; });
    send.track = static_cast<std::uint32_t>(free - free_from.begin());
    if (free == free_from.end()) free_from.emplace_back();
    free_from[send.track] = at(send).end;
  }
  result.tracks = static_cast<std::uint32_t>(free_from.size());
  return result;
}

}  // namespace stagecraft
