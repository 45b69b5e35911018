#include "profiles/trace_calls.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

#include "base/error.h"

namespace stagecraft {

namespace {

constexpr std::array<std::string_view, 6> kCategories = {"kernel", "gpu_memcpy",   "gpu_memset",
                                                         "cpu_op", "cuda_runtime", "cuda_driver"};
constexpr std::array<std::string_view, 9> kArguments = {
    "Input Dims",    "Input type",     "Concrete Inputs", "bytes", "Collective name",
    "In msg nelems", "Out msg nelems", "Group size",      "dtype"};

// Older traces are rounded to microseconds.
constexpr Duration kSlack{1000};

bool is_on_gpu(const TraceEvent& event) {
  return event.category == "kernel" || event.category == "gpu_memcpy" || event.category == "gpu_memset";
}

bool is_launch(const TraceEvent& event) {
  return event.category == "cuda_runtime" || event.category == "cuda_driver";
}

bool contains(const TraceEvent& op, const TraceEvent& launch) {
  return op.start - kSlack <= launch.start && launch.start <= op.end() + kSlack;
}

bool same_thread(const TraceEvent& a, const TraceEvent& b) {
  return a.pid == b.pid && a.tid == b.tid;
}

/// The operators of one thread, so that the innermost one at a time is found in O(log n + depth).
class Thread {
 public:
  void add(const TraceEvent* op) { ops_.push_back({op}); }

  void prepare() {
    // An operator starts no later than those inside it; of two that start together the longer is outside.
    std::stable_sort(ops_.begin(), ops_.end(), [](const Nested& a, const Nested& b) {
      return a.op->start != b.op->start ? a.op->start < b.op->start : a.op->duration > b.op->duration;
    });
    std::ptrdiff_t open = -1;
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      while (open >= 0 && at(open).op->end() <= ops_[i].op->start) open = at(open).parent;
      ops_[i].parent = open;
      open = static_cast<std::ptrdiff_t>(i);
    }
  }

  const TraceEvent* innermost(TimePoint time) const {
    const auto behind =
        std::upper_bound(ops_.begin(), ops_.end(), time,
                         [](TimePoint t, const Nested& nested) { return t < nested.op->start; });
    std::ptrdiff_t index = behind - ops_.begin() - 1;
    while (index >= 0 && at(index).op->end() < time) index = at(index).parent;
    return index < 0 ? nullptr : at(index).op;
  }

 private:
  struct Nested {
    const TraceEvent* op;
    std::ptrdiff_t parent = -1;
  };
  const Nested& at(std::ptrdiff_t index) const { return ops_[static_cast<std::size_t>(index)]; }

  std::vector<Nested> ops_;
};

/// Finds the operator of what ran on the GPU.
class Operators {
 public:
  explicit Operators(const ChromeTrace& trace) {
    for (const TraceEvent& event : trace.events) {
      if (event.category == "cpu_op") {
        if (event.external_id >= 0) by_id_.emplace(event.external_id, &event);
        threads_[{event.pid, event.tid}].add(&event);
      } else if (is_launch(event) && event.correlation >= 0) {
        launches_.emplace(event.correlation, &event);
      }
    }
    for (auto& [id, thread] : threads_) thread.prepare();
  }

  bool empty() const { return threads_.empty(); }

  const TraceEvent* of(const TraceEvent& work) const {
    const TraceEvent* launch = find(launches_, work.correlation);
    // All kernels of a graph have the correlation of its one launch.
    if (launch && launch->name.find("GraphLaunch") != std::string_view::npos) return nullptr;
    const TraceEvent* op = find(by_id_, work.external_id >= 0 ? work.external_id : id_of(launch));
    if (op && (!launch || !same_thread(*op, *launch) || contains(*op, *launch))) return op;
    if (!launch) return nullptr;
    const auto thread = threads_.find({launch->pid, launch->tid});
    return thread == threads_.end() ? nullptr : thread->second.innermost(launch->start);
  }

  /// Whether ids say of anything at all who launched it.
  bool joins(const TraceEvent& work) const {
    return find(launches_, work.correlation) || find(by_id_, work.external_id);
  }

 private:
  using ById = std::unordered_map<std::int64_t, const TraceEvent*>;

  static std::int64_t id_of(const TraceEvent* event) { return event ? event->external_id : -1; }
  static const TraceEvent* find(const ById& events, std::int64_t id) {
    const auto found = events.find(id);
    return found == events.end() ? nullptr : found->second;
  }

  ById by_id_;
  ById launches_;
  std::map<std::pair<std::int64_t, std::int64_t>, Thread> threads_;
};

void add(TracedCall& call, const TraceEvent& work) {
  const bool is_kernel = work.category == "kernel";
  const bool first_kernel = is_kernel && call.kernels == 0;
  if (!call.longest || first_kernel ||
      (is_kernel == (call.kernels > 0) && work.duration > call.longest->duration))
    call.longest = &work;
  call.duration += work.duration;
  ++(is_kernel ? call.kernels : call.copies);
}

void expect_joined(const Operators& operators, const std::vector<const TraceEvent*>& work,
                   const std::string& path) {
  const auto is_kernel = [](const TraceEvent* event) { return event->category == "kernel"; };
  if (std::none_of(work.begin(), work.end(), is_kernel))
    throw file_error(path, "has no kernels",
                     {"trace the GPU too: torch.profiler.profile(activities=[ProfilerActivity.CPU, "
                      "ProfilerActivity.CUDA])"});
  if (operators.empty())
    throw file_error(path, "has kernels, but no operators ('cpu_op') that launched them",
                     {"trace the host too: torch.profiler.profile(activities=[ProfilerActivity.CPU, "
                      "ProfilerActivity.CUDA])"});
  if (std::none_of(work.begin(), work.end(), [&](auto* event) { return operators.joins(*event); }))
    throw file_error(path,
                     "says of no kernel who launched it: no 'External id' or 'correlation' is that of an "
                     "operator or a launch",
                     {"import the file as export_chrome_trace() wrote it: some tools drop 'args'"});
}

}  // namespace

bool is_collective(const TraceEvent& kernel) {
  return kernel.category == "kernel" && kernel.name.starts_with("nccl");
}

TraceFilter traced_calls_filter() {
  return {.categories = kCategories, .args = kArguments};
}

std::vector<TracedCall> traced_calls(const ChromeTrace& trace, const std::string& path) {
  const Operators operators(trace);
  std::vector<const TraceEvent*> work;
  for (const TraceEvent& event : trace.events)
    if (is_on_gpu(event)) work.push_back(&event);
  expect_joined(operators, work, path);

  std::vector<const TraceEvent*> ops;
  std::set<const TraceEvent*> with_kernels;
  for (const TraceEvent* event : work) {
    ops.push_back(operators.of(*event));
    if (event->category == "kernel" && !is_collective(*event)) with_kernels.insert(ops.back());
  }
  std::map<const TraceEvent*, TracedCall> by_op;  // events lie in one array: their order is the file's
  std::vector<TracedCall> others;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const bool is_part = ops[i] && with_kernels.count(ops[i]) && !is_collective(*work[i]);
    TracedCall& call = is_part ? by_op[ops[i]] : others.emplace_back();
    call.op = ops[i];
    add(call, *work[i]);
  }
  std::vector<TracedCall> calls;
  for (const auto& [op, call] : by_op) calls.push_back(call);
  calls.insert(calls.end(), others.begin(), others.end());
  return calls;
}

}  // namespace stagecraft
