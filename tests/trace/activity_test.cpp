#include "sim/trace/activity.h"

#include <catch2/catch.hpp>
#include <random>

using namespace stagecraft;

namespace {

Interval at(int start, int end) {
  return {TimePoint{start}, TimePoint{end}};
}

std::vector<Interval> random_intervals(std::mt19937& random) {
  std::vector<Interval> intervals;
  const auto count = random() % 8;
  for (unsigned i = 0; i < count; ++i) {
    const int start = static_cast<int>(random() % 30);
    intervals.push_back(at(start, start + static_cast<int>(random() % 6)));
  }
  return intervals;
}

bool holds(const std::vector<Interval>& intervals, int moment) {
  for (const Interval& i : intervals)
    if (i.start.count() <= moment && moment < i.end.count()) return true;
  return false;
}

bool is_normal(const Intervals& intervals) {
  for (std::size_t i = 0; i < intervals.size(); ++i)
    if (intervals[i].end <= intervals[i].start || (i > 0 && intervals[i].start < intervals[i - 1].end))
      return false;
  return true;
}

}  // namespace

TEST_CASE("sets of moments, counted moment by moment", "[trace][property]") {
  std::mt19937 random(1);
  for (int turn = 0; turn < 2000; ++turn) {
    const auto a = random_intervals(random), b = random_intervals(random);
    const Intervals ua = united(a), ub = united(b);
    const Intervals both = common(ua, ub), rest = without(ua, ub);
    CHECK((is_normal(ua) && is_normal(both) && is_normal(rest)));
    CHECK(length(both) + length(rest) == length(ua));
    for (int moment = 0; moment < 40; ++moment) {
      CHECK(holds(ua, moment) == holds(a, moment));
      CHECK(holds(both, moment) == (holds(a, moment) && holds(b, moment)));
      CHECK(holds(rest, moment) == (holds(a, moment) && !holds(b, moment)));
    }
  }
}

TEST_CASE("intervals that touch are one", "[trace]") {
  CHECK(united({at(5, 7), at(1, 3), at(3, 5), at(9, 9)}) == Intervals{at(1, 7)});
}

TEST_CASE("a timeline's ranks compute, communicate and idle by cause", "[trace][formula]") {
  // Rank 0 computes 0-10, rank 1 20-30; the activation is on the link from 10 to 16, and waits until 20.
  Timeline timeline;
  timeline.begin = {0, 1, 2};
  for (const Interval op : {at(0, 10), at(20, 30)}) {
    timeline.ops.push_back(make_op(OpKind::Forward, static_cast<int>(timeline.ops.size())));
    timeline.start.push_back(op.start);
    timeline.end.push_back(op.end);
  }
  timeline.makespan = TimePoint{30};
  timeline.transfers = {{0, 1, TimePoint{10}, TimePoint{16}, false}};
  timeline.bubbles = {{0, BubbleCause::Tail, kNoOp, TimePoint{10}, TimePoint{30}},
                      {1, BubbleCause::WarmUp, 0, TimePoint{0}, TimePoint{18}}};
  const auto ranks = activity_of(timeline);
  const ActivityMetrics first = metrics_of(ranks[0]), second = metrics_of(ranks[1]);
  CHECK(ranks[1].name == "rank 1");
  for (const ActivityMetrics& rank : {first, second}) {
    CHECK(rank.span == Duration{30});
    CHECK(rank.compute == Duration{10});
    CHECK(rank.communication == Duration{6});
    CHECK(rank.exposed == Duration{6});
    CHECK(rank.idle == Duration{14});
  }
  const auto by = [](const ActivityMetrics& rank, IdleCause cause) {
    return rank.idle_by_cause[static_cast<std::size_t>(cause)];
  };
  CHECK(by(first, idle_cause(BubbleCause::Tail)) == Duration{14});
  CHECK(by(second, idle_cause(BubbleCause::WarmUp)) == Duration{12});  // 0-10 and 16-18
  CHECK(by(second, IdleCause::Unknown) == Duration{2});                // 18-20: no bubble says why
}

TEST_CASE("the mean over ranks", "[trace]") {
  ActivityMetrics a, b;
  a.span = Duration{5};
  b.span = Duration{8};
  a.works = {1, 2, 3};
  b.works = {4, 0, 0};
  const ActivityMetrics mean = mean_of(std::vector{a, b});
  CHECK(mean.span == Duration{6});
  CHECK(mean.works == std::array<std::int64_t, 3>{5, 2, 3});
}

TEST_CASE("idle causes have the bubbles' keys first, and keys of their own", "[trace]") {
  CHECK(info(idle_cause(BubbleCause::Link)).key == "link");
  CHECK(info(IdleCause::Synchronization).key == "synchronization");
  CHECK(info(IdleCause::Unknown).key == "unknown");
}
