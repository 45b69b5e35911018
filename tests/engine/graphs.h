#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "sim/engine/task_graph.h"

namespace stagecraft::test {

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// 0 ... n - 1.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((next() >> 32) * n >> 32); }

 private:
  std::uint64_t state_;
};

/// One input of a task under construction.
struct In {
  TaskId task;
  std::int64_t latency = 0;
  std::uint32_t link = kNoLink;
};

/// Builds graphs by hand, a cost class per task. Tasks get their ids in the order of the calls.
class GraphBuilder {
 public:
  void resource() { graph_.begin.push_back(graph_.begin.back()); }
  /// A task on the resource opened last.
  TaskId task(std::int64_t duration, const std::vector<In>& inputs = {});
  TaskGraph build() const { return graph_; }

 private:
  TaskGraph graph_;
};

struct RandomShape {
  std::uint32_t resources = 6;
  std::uint32_t tasks = 40;   ///< at most, in all
  std::uint32_t inputs = 4;   ///< per task, at most
  std::uint32_t links = 3;    ///< 0: none is shared
  std::int64_t longest = 50;  ///< durations and latencies are 0 ... longest ns, a third of them 0
  bool may_deadlock = false;  ///< inputs from any task
};

/// A random graph that has an order, unless it may deadlock: tasks are dealt to resources one after the other
/// and read only what was dealt before, then renumbered resource by resource.
TaskGraph random_graph(SplitMix64& random, const RandomShape& shape);

/// 1F1B on p stages with m micro-batches: forward 1 ms, backward 2 ms, both up to 6 % longer by a fixed
/// amount per stage; transfers of 50 us between neighbours, each direction of each hop a link of its own.
TaskGraph one_f_one_b_graph(std::uint32_t p, std::uint32_t m);

}  // namespace stagecraft::test
