#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/units.h"
#include "sim/engine/batch_kernel.h"
#include "sim/engine/jitter.h"
#include "sim/engine/replay.h"
#include "sim/engine/task_graph.h"

namespace stagecraft {

/// How many tasks of a resource are of a cost class.
struct ClassCount {
  std::uint32_t resource = 0;
  std::uint32_t cost = 0;
  std::int64_t tasks = 0;
};

/// A task graph made ready to be replayed with many samples of its costs at once. Every value that is still
/// to be read has a slot; slots are used again as soon as their last reader is done, so that few are needed
/// and they stay in cache.
struct BatchProgram {
  LargeArray<BatchOp> ops;          ///< tasks in a topological order, and joins of more than two inputs
  std::size_t classes = 0;          ///< of the graph's costs
  std::vector<Duration> latencies;  ///< of MoreInput: the same in every sample; rows after the classes'
  std::uint32_t slots = 0;
  std::vector<std::uint32_t>
      last_slot;                        ///< per resource: where its last end stays; BatchOp::kNever: no tasks
  std::vector<std::uint32_t> first_op;  ///< per resource: index into ops; kNoTask: no tasks
  LargeArray<std::uint32_t> op_resource;  ///< per op; kNoResource: a join
  std::vector<ClassCount> counts;         ///< by resource, then by class
  static constexpr std::uint32_t kNoResource = 0xFFFFFFFFu;

  std::size_t resources() const { return last_slot.size(); }
};

/// Takes O(tasks + inputs) time, once a graph.
std::variant<BatchProgram, Deadlock> compile_batch(const TaskGraph& graph);

/// Costs of the classes of a graph in a number of samples.
class CostSamples {
 public:
  /// Every sample starts as a copy of `graph`'s own costs. samples >= 1.
  CostSamples(const TaskGraph& graph, std::size_t samples);

  std::size_t samples() const { return samples_; }
  std::size_t classes() const { return values_.size() / (3 * samples_); }
  Duration& duration(std::size_t cost, std::size_t sample) { return values_[3 * cost * samples_ + sample]; }
  Duration& latency(std::size_t cost, std::size_t input, std::size_t sample) {
    return values_[(3 * cost + 1 + input) * samples_ + sample];
  }
  /// Row 3c: durations of class c; 3c + 1 and 3c + 2: its latencies.
  Duration value(std::size_t row, std::size_t sample) const { return values_[row * samples_ + sample]; }

 private:
  std::size_t samples_;
  std::vector<Duration> values_;  // [row][sample]
};

enum class InstructionSet : std::uint8_t { Auto, Baseline, Avx2, Avx512 };
/// "auto", "baseline", "avx2", "avx512".
std::string_view name(InstructionSet set);
/// Whether this machine has it.
bool supported(InstructionSet set);

enum class LaneWidth : std::uint8_t {
  Auto,    ///< 32 bits where a bound proves that no time of the samples overflows them, otherwise 64
  Bits32,  ///< throws std::overflow_error where there is no such proof
  Bits64,
};

struct BatchOptions {
  InstructionSet set = InstructionSet::Auto;  ///< Auto: the widest that is supported
  LaneWidth width = LaneWidth::Auto;
  std::optional<Jitter> jitter;
  bool per_resource = false;  ///< fill ResourceTimes
};

/// Of each resource in each sample, [resource * samples + sample]. Zero for resources without tasks.
struct ResourceTimes {
  std::vector<TimePoint> first_start;
  std::vector<TimePoint> last_end;
  std::vector<Duration> busy;
};

struct BatchResult {
  std::vector<TimePoint> makespan;  ///< by sample
  ResourceTimes resources;
  int lane_bits = 64;  ///< the width that was chosen
};

/// Replays `program` with every sample: what replay() gives for each, to the nanosecond, whatever the
/// instruction set and the width of lanes. Links are taken to be free. Throws std::invalid_argument for a
/// cost that is negative or above 2^44 ns (4.9 hours), for samples of another graph's classes, for malformed
/// jitter or an instruction set that is not supported; std::overflow_error when a time could pass 2^62 ns, or
/// 2^31 ns in lanes that were asked to be 32 bits wide.
BatchResult replay_batch(const BatchProgram& program, const CostSamples& costs,
                         const BatchOptions& options = {});

}  // namespace stagecraft
