#include "sim/trace/activity.h"

#include <algorithm>
#include <tuple>

namespace stagecraft {

namespace {

constexpr std::array<IdleCauseInfo, kIdleCauses - kBubbleCauses> kTraceCauses{{
    {"synchronization", "synchronization",
     "before work that was launched too late because the host still waited for the device "
     "(cudaStreamSynchronize and the like) when the device ran dry"},
    {"host", "host", "before work that the host launched only after the device had run dry"},
    {"queued", "queued",
     "before work that was launched in time: it waited for an event, for another device, or to start"},
    {"unknown", "unknown", "of which the trace does not tell more, such as who launched what comes next"},
}};

std::array<IdleCauseInfo, kIdleCauses> all_causes() {
  std::array<IdleCauseInfo, kIdleCauses> causes{};
  for (std::size_t i = 0; i < causes.size(); ++i) {
    const BubbleCauseInfo* bubble = i < kBubbleCauses ? &bubble_causes()[i] : nullptr;
    causes[i] =
        bubble ? IdleCauseInfo{bubble->key, bubble->name, bubble->help} : kTraceCauses[i - kBubbleCauses];
  }
  return causes;
}

/// Gathers the work of the ranks that are shown, as far as it lies in the window.
class WorkOfRanks {
 public:
  WorkOfRanks(const Timeline& timeline, const Selection& shown)
      : timeline_(timeline),
        shown_(shown),
        range_(shown_ranks(timeline, shown)),
        window_{std::max(shown.from, TimePoint{0}), std::min(shown.to, timeline.makespan)},
        ranks_(range_.size()) {
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      ranks_[i].name = rank_name(timeline, range_.first + i);
      ranks_[i].window = window_;
    }
  }

  void add_ops() {
    for (std::size_t rank = range_.first; rank < range_.last; ++rank) {
      for (std::size_t op = timeline_.begin[rank]; op < timeline_.begin[rank + 1]; ++op) {
        const bool compute = info(timeline_.ops[op].kind).compute;
        if (!compute && timeline_.end[op] == timeline_.start[op]) continue;  // only starts a transfer
        add(rank, timeline_.start[op], timeline_.end[op],
            compute ? WorkClass::Compute : WorkClass::Communication);
      }
    }
  }

  void add_transfer(std::size_t rank, TimePoint start, TimePoint end) {
    if (end > start && range_.contains(rank)) add(rank, start, end, WorkClass::Communication);
  }

  std::vector<RankActivity> take() {
    for (RankActivity& rank : ranks_)
      std::sort(rank.work.begin(), rank.work.end(), [](const Work& a, const Work& b) {
        return std::tie(a.start, a.end, a.work) < std::tie(b.start, b.end, b.work);
      });
    return std::move(ranks_);
  }

 private:
  void add(std::size_t rank, TimePoint start, TimePoint end, WorkClass work) {
    if (!in_window(shown_, start, end)) return;
    ranks_[rank - range_.first].work.push_back(
        {std::max(start, window_.start), std::min(end, window_.end), work});
  }

  const Timeline& timeline_;
  const Selection& shown_;
  IndexRange range_;
  Interval window_;
  std::vector<RankActivity> ranks_;
};

/// The idle time of a rank, by the bubbles that cover it.
void find_idle(std::span<const Bubble> bubbles, RankActivity& rank) {
  std::vector<Interval> busy;
  for (const Work& work : rank.work) busy.push_back({work.start, work.end});
  Intervals idle = without({rank.window}, united(std::move(busy)));
  std::array<std::vector<Interval>, kIdleCauses> covered;
  for (const Bubble& bubble : bubbles)
    covered[static_cast<std::size_t>(bubble.cause)].push_back({bubble.start, bubble.end});
  for (std::size_t cause = 0; cause < covered.size(); ++cause) {
    const bool rest = cause + 1 == covered.size();
    const Intervals of_cause = united(std::move(covered[cause]));
    for (const Interval& part : rest ? idle : common(idle, of_cause))
      rank.idle.push_back({part.start, part.end, static_cast<IdleCause>(cause)});
    idle = without(idle, of_cause);
  }
  std::sort(rank.idle.begin(), rank.idle.end(), [](auto& a, auto& b) { return a.start < b.start; });
}

}  // namespace

std::span<const IdleCauseInfo> idle_causes() {
  static const std::array<IdleCauseInfo, kIdleCauses> causes = all_causes();
  return causes;
}

std::vector<RankActivity> activity_of(const Timeline& timeline, const Selection& shown,
                                      std::span<const RankTransfer> transfers) {
  WorkOfRanks work(timeline, shown);
  work.add_ops();
  for (const Transfer& transfer : timeline.transfers)
    for (const std::uint32_t op : {transfer.from_op, transfer.to_op})
      work.add_transfer(rank_of(timeline, op), transfer.start, transfer.end);
  for (const RankTransfer& transfer : transfers)
    work.add_transfer(transfer.rank, transfer.start, transfer.end);
  std::vector<RankActivity> ranks = work.take();
  const std::size_t first = shown_ranks(timeline, shown).first;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    find_idle(shown_bubbles(timeline, first + i, shown), ranks[i]);
  return ranks;
}

double ActivityMetrics::hidden() const {
  return communication > Duration{0} ? to_seconds(overlap) / to_seconds(communication) : 0;
}

Intervals times_of(const RankActivity& rank, WorkClass work) {
  std::vector<Interval> intervals;
  for (const Work& piece : rank.work)
    if (piece.work == work) intervals.push_back({piece.start, piece.end});
  return united(std::move(intervals));
}

ActivityMetrics metrics_of(const RankActivity& rank) {
  const Intervals compute = times_of(rank, WorkClass::Compute);
  const Intervals communication = times_of(rank, WorkClass::Communication);
  ActivityMetrics metrics;
  metrics.span = rank.window.end - rank.window.start;
  metrics.compute = length(compute);
  metrics.communication = length(communication);
  metrics.overlap = length(common(compute, communication));
  metrics.exposed = metrics.communication - metrics.overlap;
  metrics.copies = length(without(without(times_of(rank, WorkClass::Copy), compute), communication));
  metrics.idle = metrics.span - metrics.compute - metrics.exposed - metrics.copies;
  for (const IdleStretch& idle : rank.idle)
    metrics.idle_by_cause[static_cast<std::size_t>(idle.cause)] += idle.end - idle.start;
  for (const Work& work : rank.work) ++metrics.works[static_cast<std::size_t>(work.work)];
  return metrics;
}

ActivityMetrics mean_of(std::span<const ActivityMetrics> ranks) {
  ActivityMetrics mean;
  if (ranks.empty()) return mean;
  const auto average = [&](auto get) {
    // Divided first: a sum over ranks of long traces may not fit.
    const auto count = static_cast<std::int64_t>(ranks.size());
    Duration whole{0};
    std::int64_t rest = 0;
    for (const ActivityMetrics& rank : ranks) whole += get(rank) / count, rest += get(rank).count() % count;
    return whole + Duration{rest / count};
  };
  for (Duration ActivityMetrics::*member :
       {&ActivityMetrics::span, &ActivityMetrics::compute, &ActivityMetrics::communication,
        &ActivityMetrics::overlap, &ActivityMetrics::exposed, &ActivityMetrics::copies,
        &ActivityMetrics::idle})
    mean.*member = average([&](const ActivityMetrics& rank) { return rank.*member; });
  for (std::size_t i = 0; i < kIdleCauses; ++i)
    mean.idle_by_cause[i] = average([&](const ActivityMetrics& rank) { return rank.idle_by_cause[i]; });
  for (std::size_t i = 0; i < kWorkClasses; ++i)
    for (const ActivityMetrics& rank : ranks) mean.works[i] += rank.works[i];
  return mean;
}

}  // namespace stagecraft
