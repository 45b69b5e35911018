#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/interval.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// Collects the times of a graph's tasks, which become known for each resource in order but for all resources
/// at once, and writes them a few cache lines at a time. Writing each time to its place would touch two lines
/// of each resource in turns: with the usual power-of-two shapes all those lines share a few sets of the
/// cache and throw each other out.
class TimesWriter {
 public:
  /// `begin` is the graph's; it and `times` must outlive the writer.
  TimesWriter(std::span<const std::size_t> begin, TaskTimes& times) : begin_(begin) {
    times.start.resize(begin.back());
    times.end.resize(begin.back());
    start_ = times.start.data();
    end_ = times.end.data();
    // Only worth it when the lines would not stay in the cache anyway.
    stream_ = begin.back() >= kLarge;
  }

  /// Tasks first ... first + kIntervalsPerBlock - 1 are done; the first is a multiple of kIntervalsPerBlock.
  /// Those before the resource's own are another's.
  void write_block(std::size_t resource, std::size_t first, const Interval* block) const {
    if (stream_ && first >= begin_[resource]) [[likely]] {
      stream_block(block, start_ + first, end_ + first);
    } else {
      copy(resource, first, first + kIntervalsPerBlock, block);
    }
  }

  /// Tasks first ... past - 1 of a block that begins with `first`.
  void copy(std::size_t resource, std::size_t first, std::size_t past, const Interval* block) const {
    for (std::size_t id = std::max(first, begin_[resource]); id < past; ++id) {
      start_[id] = block[id - first].start;
      end_[id] = block[id - first].end;
    }
  }

 private:
  static constexpr std::size_t kLarge = std::size_t{1} << 18;

  std::span<const std::size_t> begin_;
  TimePoint* start_ = nullptr;
  TimePoint* end_ = nullptr;
  bool stream_ = false;
};

/// A TimesWriter that keeps the blocks as well.
class BlockedTimes {
 public:
  /// As TimesWriter.
  BlockedTimes(std::span<const std::size_t> begin, TaskTimes& times)
      : writer_(begin, times), next_(begin.begin(), begin.end() - 1), blocks_(begin.size() - 1) {}

  /// The next task of `resource` runs [start, end).
  void put(std::uint32_t resource, TimePoint start, TimePoint end) {
    const std::size_t task = next_[resource]++;
    blocks_[resource][task % kIntervalsPerBlock] = {start, end};
    if (task % kIntervalsPerBlock == kIntervalsPerBlock - 1)
      writer_.write_block(resource, task + 1 - kIntervalsPerBlock, blocks_[resource].data());
  }

  /// After the last task of every resource.
  void finish() {
    for (std::size_t r = 0; r < blocks_.size(); ++r)
      writer_.copy(r, next_[r] - next_[r] % kIntervalsPerBlock, next_[r], blocks_[r].data());
    finish_streaming();
  }

 private:
  // The odd number of lines keeps equal places of all blocks out of each other's sets of the cache.
  struct alignas(64) Block : std::array<Interval, kIntervalsPerBlock> {
    std::array<char, 64> unused;
  };

  TimesWriter writer_;
  std::vector<std::size_t> next_;  // by resource: its next task
  std::vector<Block> blocks_;  // by resource: the times of its latest tasks, by TaskId % kIntervalsPerBlock
};

}  // namespace stagecraft
