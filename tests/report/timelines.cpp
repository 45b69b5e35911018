#include "timelines.h"

#include <algorithm>
#include <map>
#include <random>

namespace stagecraft {

namespace {

/// An op's inputs in a chain of stages: F from the stage before, B from the stage after (or its own F).
struct Input {
  OpKind kind;
  int stage;
};

Input input_of(const Op& op, int stages) {
  if (op.kind == OpKind::Forward) return {OpKind::Forward, op.stage - 1};
  if (op.stage + 1 < stages) return {OpKind::Backward, op.stage + 1};
  return {OpKind::Forward, op.stage};
}

class Runner {
 public:
  explicit Runner(const TestPipeline& pipeline) : pipeline_(pipeline) {}

  Timeline run() {
    place_ops();
    for (bool moved = true; moved;) {
      moved = false;
      for (std::size_t rank = 0; rank < pipeline_.ranks.size(); ++rank) {
        while (next_[rank] < timeline_.begin[rank + 1] && start(rank)) moved = true;
      }
    }
    for (const TimePoint end : timeline_.end) timeline_.makespan = std::max(timeline_.makespan, end);
    for (std::uint32_t rank = 0; rank < pipeline_.ranks.size(); ++rank) find_bubbles(rank), count(rank);
    return timeline_;
  }

 private:
  using Key = std::tuple<OpKind, int, std::uint32_t>;
  static Key key(const Op& op) { return {op.kind, op.stage, op.microbatch}; }

  void place_ops() {
    for (const auto& ops : pipeline_.ranks) {
      next_.push_back(timeline_.ops.size());
      for (const Op& op : ops) {
        index_[key(op)] = static_cast<std::uint32_t>(timeline_.ops.size());
        timeline_.ops.push_back(op);
      }
      timeline_.begin.push_back(timeline_.ops.size());
    }
    timeline_.start.resize(timeline_.ops.size());
    timeline_.end.resize(timeline_.ops.size());
    done_.resize(timeline_.ops.size());
    input_.resize(timeline_.ops.size(), kNoOp);
  }

  bool start(std::size_t rank) {
    const auto index = static_cast<std::uint32_t>(next_[rank]);
    const Op& op = timeline_.ops[index];
    const Input input = input_of(op, pipeline_.stages);
    TimePoint ready{0};
    if (input.stage >= 0) {
      const std::uint32_t from = index_.at({input.kind, input.stage, op.microbatch});
      if (!done_[from]) return false;
      ready = timeline_.end[from];
      input_[index] = from;
      if (static_cast<std::size_t>(input.stage) % pipeline_.ranks.size() != rank) {
        ready += pipeline_.transfer;
        timeline_.transfers.push_back({from, index, timeline_.end[from], ready, op.kind == OpKind::Backward});
      }
    }
    const TimePoint free = index > timeline_.begin[rank] ? timeline_.end[index - 1] : TimePoint{0};
    timeline_.start[index] = std::max(free, ready);
    timeline_.end[index] =
        timeline_.start[index] + (op.kind == OpKind::Forward ? pipeline_.forward : pipeline_.backward);
    done_[index] = true;
    ++next_[rank];
    return true;
  }

  void find_bubbles(std::uint32_t rank) {
    const std::size_t first = timeline_.begin[rank], last = timeline_.begin[rank + 1];
    std::size_t last_forward = first;
    for (std::size_t i = first; i < last; ++i) {
      if (timeline_.ops[i].kind == OpKind::Forward) last_forward = i;
    }
    TimePoint free{0};
    for (std::size_t i = first; i < last; ++i) {
      const BubbleCause cause = i == first         ? BubbleCause::WarmUp
                                : i > last_forward ? BubbleCause::Drain
                                                   : BubbleCause::Dependency;
      const TimePoint made = input_[i] == kNoOp ? free : std::max(free, timeline_.end[input_[i]]);
      add_bubble({rank, cause, input_[i], free, std::min(made, timeline_.start[i])});
      add_bubble({rank, i == first ? cause : BubbleCause::Link, input_[i], made, timeline_.start[i]});
      free = timeline_.end[i];
    }
    add_bubble({rank, BubbleCause::Tail, kNoOp, free, timeline_.makespan});
  }

  void add_bubble(const Bubble& bubble) {
    if (bubble.start < bubble.end) timeline_.bubbles.push_back(bubble);
  }

  void count(std::uint32_t rank) {
    std::map<TimePoint, std::int64_t> change;
    for (std::size_t i = timeline_.begin[rank]; i < timeline_.begin[rank + 1]; ++i) {
      const bool forward = timeline_.ops[i].kind == OpKind::Forward;
      change[forward ? timeline_.start[i] : timeline_.end[i]] += forward ? 1 : -1;
    }
    Counter counter{.name = "activations", .unit = "bytes", .rank = rank, .samples = {}};
    std::int64_t held = 0;
    for (const auto& [time, delta] : change)
      counter.samples.push_back({time, (held += delta) * 1536 * 1024 * 1024});
    timeline_.counters.push_back(counter);
  }

  const TestPipeline& pipeline_;
  Timeline timeline_;
  std::map<Key, std::uint32_t> index_;
  std::vector<std::size_t> next_;
  std::vector<bool> done_;
  std::vector<std::uint32_t> input_;
};

}  // namespace

TestPipeline gpipe_pipeline(int ranks, int microbatches) {
  TestPipeline pipeline{.ranks = {}, .stages = ranks};
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Op> ops;
    for (int m = 0; m < microbatches; ++m) ops.push_back(make_op(OpKind::Forward, rank, m));
    for (int m = 0; m < microbatches; ++m) ops.push_back(make_op(OpKind::Backward, rank, m));
    pipeline.ranks.push_back(ops);
  }
  return pipeline;
}

TestPipeline one_f_one_b_pipeline(int ranks, int microbatches) {
  return interleaved_pipeline(ranks, microbatches, 1);
}

TestPipeline interleaved_pipeline(int ranks, int microbatches, int chunks) {
  TestPipeline pipeline{.ranks = {}, .stages = ranks * chunks};
  const int total = microbatches * chunks;
  const auto op = [&](OpKind kind, int rank, int turn) {
    const int round = chunks == 1 ? 0 : turn / ranks % chunks;
    const int chunk = kind == OpKind::Forward ? round : chunks - 1 - round;
    const int m = chunks == 1 ? turn : turn / (ranks * chunks) * ranks + turn % ranks;
    return make_op(kind, chunk * ranks + rank, m);
  };
  for (int rank = 0; rank < ranks; ++rank) {
    const int ahead = chunks == 1 ? ranks - 1 - rank : (ranks - 1 - rank) * 2 + (chunks - 1) * ranks;
    const int warmup = std::min(ahead, total);
    std::vector<Op> ops;
    for (int i = 0; i < warmup; ++i) ops.push_back(op(OpKind::Forward, rank, i));
    for (int i = warmup; i < total; ++i) {
      ops.push_back(op(OpKind::Forward, rank, i));
      ops.push_back(op(OpKind::Backward, rank, i - warmup));
    }
    for (int i = total - warmup; i < total; ++i) ops.push_back(op(OpKind::Backward, rank, i));
    pipeline.ranks.push_back(ops);
  }
  return pipeline;
}

Timeline run(const TestPipeline& pipeline) {
  return Runner(pipeline).run();
}

Timeline random_timeline(std::uint32_t seed, int ranks, int ops_per_rank) {
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t n) { return static_cast<int>(random() % n); };
  Timeline timeline;
  for (int rank = 0; rank < ranks; ++rank) {
    TimePoint now{0};
    const int ops = below(4) == 0 ? 0 : ops_per_rank;
    for (int i = 0; i < ops; ++i) {
      const Duration gap{below(3) == 0 ? below(4) : 0};
      if (gap > Duration{0}) {
        timeline.bubbles.push_back({static_cast<std::uint32_t>(rank),
                                    static_cast<BubbleCause>(below(kBubbleCauses)), kNoOp, now, now + gap});
      }
      now += gap;
      timeline.ops.push_back(make_op(static_cast<OpKind>(below(kOpKinds)), rank * 3 + below(3), i));
      timeline.start.push_back(now);
      now += Duration{below(6)};
      timeline.end.push_back(now);
    }
    timeline.begin.push_back(timeline.ops.size());
    timeline.makespan = std::max(timeline.makespan, now);
  }
  const auto ops = static_cast<std::uint32_t>(timeline.ops.size());
  for (std::uint32_t i = 0; ops > 0 && i < ops * 2; ++i) {
    const auto from = static_cast<std::uint32_t>(below(ops)), to = static_cast<std::uint32_t>(below(ops));
    const auto rank = [&](std::size_t op) {
      return std::upper_bound(timeline.begin.begin(), timeline.begin.end(), op);
    };
    if (rank(from) == rank(to) || timeline.end[from] > timeline.start[to]) continue;
    timeline.transfers.push_back({from, to, timeline.end[from], timeline.start[to], below(2) == 0});
  }
  return timeline;
}

}  // namespace stagecraft
