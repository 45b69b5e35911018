// Batched replay: one sweep for kLanes samples at a time, one sample in each SIMD lane.
#include "sim/engine/batch.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace stagecraft {
namespace {

constexpr std::int64_t kLongestCost = std::int64_t{1} << 44;
constexpr std::int64_t kLatestWide = std::int64_t{1} << 62;
constexpr std::int64_t kLatestNarrow = std::numeric_limits<std::int32_t>::max();

struct Kernels {
  InstructionSet set;
  const KernelSet* kernels;
};
constexpr Kernels kKernels[] = {
    {InstructionSet::Baseline, &kBaselineKernels},
#if defined(__x86_64__)
    {InstructionSet::Avx2, &kAvx2Kernels},
    {InstructionSet::Avx512, &kAvx512Kernels},
#endif
};

const KernelSet& choose_kernels(InstructionSet set) {
  const KernelSet* chosen = nullptr;
  for (const Kernels& candidate : kKernels) {
    if (!supported(candidate.set)) continue;
    if (set == InstructionSet::Auto || set == candidate.set) chosen = candidate.kernels;
  }
  if (chosen == nullptr) {
    throw std::invalid_argument("this machine does not have the instruction set '" + std::string(name(set)) +
                                "'");
  }
  return *chosen;
}

class Batch {
 public:
  Batch(const BatchProgram& program, const CostSamples& costs, const BatchOptions& options)
      : program_(program), costs_(costs), options_(options), kernels_(choose_kernels(options.set)) {
    if (costs.classes() != program.classes) {
      throw std::invalid_argument("the samples are of " + std::to_string(costs.classes()) +
                                  " cost classes, the program has " + std::to_string(program.classes));
    }
    if (options.jitter) {
      check(*options.jitter);
      largest_factor_ = std::ranges::max(options.jitter->factors);
    }
    result_.makespan.resize(costs.samples());
    if (!options.per_resource) return;
    const std::size_t count = program.resources() * costs.samples();
    result_.resources = {.first_start = std::vector<TimePoint>(count),
                         .last_end = std::vector<TimePoint>(count),
                         .busy = std::vector<Duration>(count)};
    first_ops_ = sorted_first_ops();
  }

  BatchResult run() {
    const bool narrow = choose_narrow();
    result_.lane_bits = narrow ? 32 : 64;
    for (std::size_t first = 0; first < costs_.samples(); first += kLanes) {
      if (narrow) {
        run_lanes<std::int32_t>(first, options_.jitter ? kernels_.narrow_jitter : kernels_.narrow);
      } else {
        run_lanes<std::int64_t>(first, options_.jitter ? kernels_.wide_jitter : kernels_.wide);
      }
    }
    return std::move(result_);
  }

 private:
  std::size_t rows() const { return 3 * program_.classes + program_.latencies.size(); }
  std::int64_t cost(std::size_t row, std::size_t sample) const {
    const std::size_t own = 3 * program_.classes;
    const std::int64_t ns =
        row < own ? costs_.value(row, sample).count() : program_.latencies[row - own].count();
    if (ns < 0 || ns > kLongestCost) {
      throw std::invalid_argument("costs must be between 0 and 2^44 ns, got " + std::to_string(ns));
    }
    return ns;
  }
  std::size_t sample_of(std::size_t first, std::size_t lane) const {
    return std::min(first + lane, costs_.samples() - 1);
  }

  // Whether lanes of 32 bits hold all times; also checks that those of 64 bits do.
  bool choose_narrow() const {
    const std::vector<std::int64_t> largest = largest_costs();
    const std::int64_t longest = std::ranges::max(largest);
    const bool asked = options_.width == LaneWidth::Bits32;
    const bool hopeless = options_.width == LaneWidth::Bits64 || (!asked && busiest() > kLatestNarrow);
    // No path has more ops than there are, and an op adds at most a latency and a duration.
    const bool harmless = longest < kLatestWide / 2 / static_cast<std::int64_t>(program_.ops.size() + 1);
    if (hopeless && harmless) return false;
    const std::int64_t latest = latest_time(largest);
    if (latest >= kLatestWide) throw std::overflow_error("times of a batch could pass 2^62 ns");
    if (asked && latest > kLatestNarrow) {
      throw std::overflow_error("times of a batch could pass 2^31 ns, too long for lanes of 32 bits");
    }
    return !hopeless && latest <= kLatestNarrow;
  }

  // By row, over all samples and jitter factors.
  std::vector<std::int64_t> largest_costs() const {
    const std::uint32_t factor = std::max(largest_factor_, 1u << kJitterBits);
    std::vector<std::int64_t> largest(rows(), 0);
    for (std::size_t row = 0; row < rows(); ++row) {
      for (std::size_t sample = 0; sample < costs_.samples(); ++sample) {
        largest[row] = std::max(largest[row], cost(row, sample));
      }
      if (row % 3 == 0 && row < 3 * program_.classes)
        largest[row] = detail::jitter_scale(largest[row], factor);
    }
    return largest;
  }

  // Work of the busiest resource in the first sample: its makespan is no shorter (but for jitter).
  std::int64_t busiest() const {
    std::vector<std::int64_t> busy(program_.resources() + 1, 0);
    for (const ClassCount& count : program_.counts) {
      const std::int64_t each = cost(3 * std::size_t{count.cost}, 0);
      if (each > kLatestNarrow / count.tasks) return kLatestNarrow + std::int64_t{1};
      busy[count.resource] += each * count.tasks;
    }
    return std::ranges::max(busy);
  }

  // A time that no sum of the batch passes: the latest end when every cost is `largest`. Times are maxima of
  // sums of costs, so they grow with every cost. Stops at kLatestWide.
  std::int64_t latest_time(const std::vector<std::int64_t>& largest) const {
    std::vector<std::int64_t> slots(program_.slots, 0);
    std::int64_t latest = std::ranges::max(largest);
    for (const BatchOp& op : program_.ops) {
      std::int64_t start = slots[op.prev];
      for (int k = 0; k < 2; ++k) start = std::max(start, slots[op.in[k]] + largest[op.latency[k]]);
      slots[op.out] = start + largest[op.duration];
      latest = std::max(latest, slots[op.out]);
      if (latest >= kLatestWide) break;
    }
    return latest;
  }

  template <typename T>
  void run_lanes(std::size_t first, void (*kernel)(const KernelCall<T>&)) {
    std::vector<LaneLine<T>> table = rows_of<T>(first);
    std::vector<LaneLine<T>> slots(program_.slots);
    std::ranges::fill(slots[BatchOp::kNever].value, static_cast<T>(std::numeric_limits<T>::min()));
    const std::vector<LaneLine<std::uint32_t>> keys = lane_keys(first);
    KernelCall<T> call{.ops = program_.ops.data(),
                       .begin = 0,
                       .end = 0,
                       .slots = slots.data(),
                       .rows = table.data(),
                       .factors = options_.jitter ? options_.jitter->factors.data() : nullptr,
                       .task_seed = options_.jitter ? detail::jitter_task_seed(options_.jitter->seed) : 0,
                       .lane_keys = keys.data()};
    // Stops after the first op of each resource, before its slot is used again.
    for (const std::uint32_t op : first_ops_) {
      call.begin = std::exchange(call.end, std::size_t{op} + 1);
      kernel(call);
      note_first_start(first, op, slots);
    }
    call.begin = std::exchange(call.end, program_.ops.size());
    kernel(call);
    note_ends(first, slots);
    if (options_.per_resource) note_busy(first);
  }

  template <typename T>
  std::vector<LaneLine<T>> rows_of(std::size_t first) const {
    std::vector<LaneLine<T>> table(rows());
    for (std::size_t row = 0; row < rows(); ++row) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        table[row].value[lane] = static_cast<T>(cost(row, sample_of(first, lane)));
      }
    }
    return table;
  }

  std::vector<LaneLine<std::uint32_t>> lane_keys(std::size_t first) const {
    std::vector<LaneLine<std::uint32_t>> keys(1);
    for (std::size_t lane = 0; options_.jitter && lane < kLanes; ++lane) {
      keys[0].value[lane] = detail::jitter_lane_key(options_.jitter->seed, first + lane);
    }
    return keys;
  }

  std::vector<std::uint32_t> sorted_first_ops() const {
    std::vector<std::uint32_t> ops;
    for (const std::uint32_t op : program_.first_op) {
      if (op != kNoTask) ops.push_back(op);
    }
    std::ranges::sort(ops);
    return ops;
  }

  std::int64_t duration(const BatchOp& op, std::size_t sample) const {
    const std::int64_t plain = cost(op.duration, sample);
    if (!options_.jitter) return plain;
    return jittered(Duration{plain}, *options_.jitter, op.task, sample).count();
  }

  // Calls visit(lane, index into a vector of ResourceTimes).
  template <typename Visit>
  void for_each_lane(std::size_t first, std::size_t resource, Visit&& visit) const {
    const std::size_t lanes = std::min(kLanes, costs_.samples() - first);
    for (std::size_t lane = 0; lane < lanes; ++lane) visit(lane, resource * costs_.samples() + first + lane);
  }

  template <typename T>
  void note_first_start(std::size_t first, std::uint32_t at, const std::vector<LaneLine<T>>& slots) {
    const BatchOp& op = program_.ops[at];
    for_each_lane(first, program_.op_resource[at], [&](std::size_t lane, std::size_t index) {
      result_.resources.first_start[index] =
          TimePoint{slots[op.out].value[lane] - duration(op, first + lane)};
    });
  }

  template <typename T>
  void note_ends(std::size_t first, const std::vector<LaneLine<T>>& slots) {
    for (std::size_t r = 0; r < program_.resources(); ++r) {
      if (program_.last_slot[r] == BatchOp::kNever) continue;
      for_each_lane(first, r, [&](std::size_t lane, std::size_t index) {
        const TimePoint end{slots[program_.last_slot[r]].value[lane]};
        result_.makespan[first + lane] = std::max(result_.makespan[first + lane], end);
        if (options_.per_resource) result_.resources.last_end[index] = end;
      });
    }
  }

  void note_busy(std::size_t first) {
    if (options_.jitter) {
      note_busy_with_jitter(first);
      return;
    }
    for (const ClassCount& count : program_.counts) {
      for_each_lane(first, count.resource, [&](std::size_t lane, std::size_t index) {
        result_.resources.busy[index] +=
            Duration{count.tasks * cost(3 * std::size_t{count.cost}, first + lane)};
      });
    }
  }

  void note_busy_with_jitter(std::size_t first) {
    for (std::size_t i = 0; i < program_.ops.size(); ++i) {
      if (program_.op_resource[i] == BatchProgram::kNoResource) continue;
      for_each_lane(first, program_.op_resource[i], [&](std::size_t lane, std::size_t index) {
        result_.resources.busy[index] += Duration{duration(program_.ops[i], first + lane)};
      });
    }
  }

  const BatchProgram& program_;
  const CostSamples& costs_;
  const BatchOptions& options_;
  const KernelSet& kernels_;
  std::uint32_t largest_factor_ = 0;
  std::vector<std::uint32_t> first_ops_;
  BatchResult result_;
};

}  // namespace

CostSamples::CostSamples(const TaskGraph& graph, std::size_t samples) : samples_(samples) {
  if (samples == 0) throw std::invalid_argument("a batch needs at least one sample");
  values_.reserve(3 * graph.costs.size() * samples);
  for (const TaskCost& cost : graph.costs) {
    for (const Duration value : {cost.duration, cost.latency[0], cost.latency[1]}) {
      values_.insert(values_.end(), samples, value);
    }
  }
}

std::string_view name(InstructionSet set) {
  constexpr std::string_view kNames[] = {"auto", "baseline", "avx2", "avx512"};
  return kNames[static_cast<std::size_t>(set)];
}

bool supported(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::Avx2) return __builtin_cpu_supports("avx2") != 0;
  if (set == InstructionSet::Avx512) {
    return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  }
  return true;
#else
  return set == InstructionSet::Auto || set == InstructionSet::Baseline;
#endif
}

BatchResult replay_batch(const BatchProgram& program, const CostSamples& costs, const BatchOptions& options) {
  return Batch(program, costs, options).run();
}

}  // namespace stagecraft
