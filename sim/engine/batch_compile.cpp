// Compiles a task graph for batches: a topological order in turns, which keeps few values alive, and slots
// given out by the last reader of each value (linear-scan register allocation on a straight line of code).
#include <algorithm>
#include <utility>

#include "sim/engine/batch.h"

namespace stagecraft {
namespace {

class Compiler {
 public:
  Compiler(const TaskGraph& graph, const TopologicalOrder& order)
      : graph_(graph), readers_(graph.tasks.size(), 0), slot_(graph.tasks.size(), BatchOp::kNever) {
    program_.classes = graph.costs.size();
    program_.slots = 2;
    program_.last_slot.assign(graph.resources(), BatchOp::kNever);
    program_.first_op.assign(graph.resources(), kNoTask);
    program_.latencies = {Duration{0}};
    program_.ops.reserve(graph.tasks.size());
    program_.op_resource.reserve(graph.tasks.size());
    count_readers();
    count_classes();
    for (const TaskId id : order) compile(id);
  }
  BatchProgram take() { return std::move(program_); }

 private:
  // The next task on the resource reads as well; the end of the last one is kept for good.
  void count_readers() {
    for (TaskId id = 0; id < graph_.tasks.size(); ++id) {
      for_each_input(graph_, graph_.tasks[id],
                     [&](TaskId input, Duration, std::uint32_t) { ++readers_[input]; });
      ++readers_[id];
    }
  }

  void count_classes() {
    std::vector<std::int64_t> tasks(graph_.costs.size(), 0);
    for (std::uint32_t r = 0; r < graph_.resources(); ++r) {
      std::vector<std::uint32_t> classes;
      for (std::size_t id = graph_.begin[r]; id < graph_.begin[r + 1]; ++id) {
        if (tasks[graph_.tasks[id].cost]++ == 0) classes.push_back(graph_.tasks[id].cost);
      }
      std::ranges::sort(classes);
      for (const std::uint32_t cost : classes) {
        program_.counts.push_back({.resource = r, .cost = cost, .tasks = std::exchange(tasks[cost], 0)});
      }
    }
  }

  void compile(TaskId id) {
    const Task& task = graph_.tasks[id];
    const bool first = id == graph_.begin[task.resource];
    const bool many = task.inputs[1] != kNoTask && (task.inputs[1] & kMoreInputs) != 0;
    const bool join = many && graph_.more_begin[(task.inputs[1] & ~kMoreInputs) + 1] >
                                  graph_.more_begin[task.inputs[1] & ~kMoreInputs];
    BatchOp op = empty_op(id);
    op.prev = first ? BatchOp::kOrigin : slot_[id - 1];
    if (join) op.prev = compile_joins(id, op.prev);
    op.duration = 3 * task.cost;
    for (int k = 0; k < (many ? 1 : 2); ++k) {
      if (task.inputs[k] == kNoTask) continue;
      op.in[k] = slot_[task.inputs[k]];
      op.latency[k] = 3 * task.cost + 1 + static_cast<std::uint32_t>(k);
    }
    if (join) free_.push_back(op.prev);
    release_inputs(id, first);
    op.out = slot_[id] = new_slot();
    if (first) program_.first_op[task.resource] = static_cast<std::uint32_t>(program_.ops.size());
    program_.last_slot[task.resource] = op.out;
    add(op, task.resource);
  }

  // The inputs after the first, two by two, into one new slot. Returns it.
  std::uint32_t compile_joins(TaskId id, std::uint32_t prev) {
    const std::size_t list = graph_.tasks[id].inputs[1] & ~kMoreInputs;
    const std::uint32_t out = new_slot();
    for (std::size_t i = graph_.more_begin[list]; i < graph_.more_begin[list + 1]; i += 2) {
      BatchOp op = empty_op(id);
      op.prev = std::exchange(prev, out);
      op.out = out;
      for (std::size_t k = 0; k < 2 && i + k < graph_.more_begin[list + 1]; ++k) {
        op.in[k] = slot_[graph_.more[i + k].input];
        op.latency[k] = row_of(graph_.more[i + k].latency);
      }
      add(op, BatchProgram::kNoResource);
    }
    return out;
  }

  BatchOp empty_op(TaskId id) const {
    const std::uint32_t zero = zero_row();
    return {.prev = BatchOp::kOrigin,
            .in = {BatchOp::kNever, BatchOp::kNever},
            .out = 0,
            .duration = zero,
            .latency = {zero, zero},
            .task = id};
  }

  void add(const BatchOp& op, std::uint32_t resource) {
    program_.ops.push_back(op);
    program_.op_resource.push_back(resource);
  }

  std::uint32_t zero_row() const { return static_cast<std::uint32_t>(3 * program_.classes); }
  std::uint32_t row_of(Duration latency) {
    if (latency == program_.latencies.back())
      return zero_row() + static_cast<std::uint32_t>(program_.latencies.size()) - 1;
    if (latency.count() == 0) return zero_row();
    program_.latencies.push_back(latency);
    return zero_row() + static_cast<std::uint32_t>(program_.latencies.size()) - 1;
  }

  void release_inputs(TaskId id, bool first) {
    if (!first) release(id - 1);
    for_each_input(graph_, graph_.tasks[id], [&](TaskId input, Duration, std::uint32_t) { release(input); });
  }
  void release(TaskId id) {
    if (--readers_[id] == 0) free_.push_back(slot_[id]);
  }
  std::uint32_t new_slot() {
    if (free_.empty()) return program_.slots++;
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }

  const TaskGraph& graph_;
  BatchProgram program_;
  std::vector<std::uint32_t> readers_;
  std::vector<std::uint32_t> slot_;
  std::vector<std::uint32_t> free_;
};

}  // namespace

std::variant<BatchProgram, Deadlock> compile_batch(const TaskGraph& graph) {
  auto order = topological_order(graph, {.max_run = 1});
  if (auto* deadlock = std::get_if<Deadlock>(&order)) return std::move(*deadlock);
  return Compiler(graph, std::get<TopologicalOrder>(order)).take();
}

}  // namespace stagecraft
