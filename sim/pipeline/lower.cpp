#include "sim/pipeline/lower.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/engine/replay.h"
#include "sim/pipeline/deadlock.h"

namespace stagecraft {

namespace {

/// The edges into or out of each stage, as lists one behind the other.
struct EdgeLists {
  std::vector<StageEdge> edges;
  std::vector<std::size_t> begin;

  EdgeLists(std::vector<StageEdge> list, std::size_t stages, int StageEdge::*key)
      : edges(std::move(list)), begin(stages + 1) {
    std::stable_sort(edges.begin(), edges.end(),
                     [&](const StageEdge& a, const StageEdge& b) { return a.*key < b.*key; });
    for (const StageEdge& edge : edges) ++begin[static_cast<std::size_t>(edge.*key) + 1];
    for (std::size_t i = 0; i < stages; ++i) begin[i + 1] += begin[i];
  }
  std::span<const StageEdge> of(std::size_t stage) const {
    return std::span(edges).subspan(begin[stage], begin[stage + 1] - begin[stage]);
  }
};

Duration duration_of(OpKind kind, const StageCost& cost) {
  switch (kind) {
    case OpKind::Forward:
      return cost.forward;
    case OpKind::Backward:
      return cost.backward;
    case OpKind::InputGradient:
      return cost.input_gradient;
    case OpKind::WeightGradient:
      return cost.weight_gradient;
    case OpKind::ReduceGradient:
      return cost.gradient_reduction;
    case OpKind::Optimizer:
      return cost.optimizer;
    default:
      return Duration{0};  // sends: their hop, set where the edges are known
  }
}

/// One task per op, its inputs from the index.
class TaskMaker {
 public:
  TaskMaker(const PipelineProblem& problem, const ScheduleIndex& index)
      : problem_(problem),
        index_(index),
        into_(problem.edges, problem.stages.size(), &StageEdge::to),
        out_of_(problem.edges, problem.stages.size(), &StageEdge::from) {}

  TaskGraph run() {
    graph_.begin = problem_.schedule.begin;
    make_costs();
    make_sources();
    graph_.tasks.resize(problem_.schedule.ops.size());
    for (int rank = 0; rank < problem_.schedule.ranks(); ++rank) {
      const std::size_t first = graph_.begin[static_cast<std::size_t>(rank)];
      const std::size_t last = graph_.begin[static_cast<std::size_t>(rank) + 1];
      for (std::size_t i = first; i < last; ++i)
        graph_.tasks[i] = make(problem_.schedule.ops[i], static_cast<std::uint32_t>(rank));
    }
    return std::move(graph_);
  }

  std::vector<TaskCost> costs() {
    make_costs();
    return std::move(graph_.costs);
  }

 private:
  /// Where the input of a class's tasks comes from when it is one: results[microbatch]. Null when there is
  /// none; with several inputs, `many` says which edges they come over.
  struct Source {
    const TaskId* results = nullptr;
    std::span<const StageEdge> many = {};
    bool backward = false;
  };

  int rank_of(int stage) const { return index_.rank_of[static_cast<std::size_t>(stage)]; }
  bool remote(const StageEdge& edge) const { return rank_of(edge.from) != rank_of(edge.to); }
  bool blocking() const { return problem_.transfers == TransferMode::Blocking; }
  Duration latency(const StageEdge& edge, bool backward) const {
    if (!remote(edge) || blocking()) return Duration{0};
    return backward ? edge.backward_hop : edge.forward_hop;
  }
  /// Shared links: one per ordered pair of ranks.
  std::uint32_t link(const StageEdge& edge, bool backward) {
    if (!problem_.shared_links || !remote(edge) || blocking()) return kNoLink;
    int from = rank_of(edge.from);
    int to = rank_of(edge.to);
    if (backward) std::swap(from, to);
    const auto [entry, added] = links_.try_emplace({from, to}, graph_.links);
    if (added) ++graph_.links;
    return entry->second;
  }

  void make_costs() {
    graph_.costs.resize(problem_.stages.size() * kOpKinds);
    for (std::size_t stage = 0; stage < problem_.stages.size(); ++stage) {
      for (const OpKindInfo& kind : op_kinds())
        graph_.costs[cost_class(kind.kind, stage)].duration = duration_of(kind.kind, problem_.stages[stage]);
      make_arrivals(graph_.costs[cost_class(OpKind::Forward, stage)], into_.of(stage), false);
      for (OpKind kind : {OpKind::Backward, OpKind::InputGradient})
        make_arrivals(graph_.costs[cost_class(kind, stage)], out_of_.of(stage), true);
      make_send(graph_.costs[cost_class(OpKind::SendForward, stage)], out_of_.of(stage), false);
      make_send(graph_.costs[cost_class(OpKind::SendBackward, stage)], into_.of(stage), true);
    }
  }
  void make_arrivals(TaskCost& cost, std::span<const StageEdge> edges, bool backward) {
    for (std::size_t k = 0; k < std::min<std::size_t>(edges.size(), 2); ++k) {
      cost.latency[k] = latency(edges[k], backward);
      cost.link[k] = link(edges[k], backward);
    }
  }
  /// A blocking send to several successors sends to one after the other.
  void make_send(TaskCost& cost, std::span<const StageEdge> edges, bool backward) {
    for (const StageEdge& edge : edges)
      if (remote(edge)) cost.duration += backward ? edge.backward_hop : edge.forward_hop;
  }

  static std::size_t cost_class(OpKind kind, std::size_t stage) {
    return stage * kOpKinds + static_cast<std::size_t>(kind);
  }

  void make_sources() {
    sources_.resize(graph_.costs.size());
    for (std::size_t stage = 0; stage < problem_.stages.size(); ++stage) {
      sources_[cost_class(OpKind::Forward, stage)] = source(into_.of(stage), false);
      for (OpKind kind : {OpKind::Backward, OpKind::InputGradient})
        sources_[cost_class(kind, stage)] = source(out_of_.of(stage), true);
    }
  }
  Source source(std::span<const StageEdge> edges, bool backward) const {
    if (edges.empty()) return {};
    return {.results = results(edges[0], backward),
            .many = edges.size() > 1 ? edges : std::span<const StageEdge>(),
            .backward = backward};
  }
  /// What comes over an edge, by micro-batch.
  const TaskId* results(const StageEdge& edge, bool backward) const {
    const LargeArray<TaskId>& made = backward ? index_.gradient : index_.forward;
    const auto stage = static_cast<std::size_t>(backward ? edge.to : edge.from);
    return made.data() + index_.slot(stage, 0);
  }

  Task make(const Op& op, std::uint32_t rank) {
    const std::size_t cost = cost_class(op.kind, op.stage);
    Task task{.cost = static_cast<std::uint32_t>(cost), .resource = rank};
    const Source& source = sources_[cost];
    if (source.results != nullptr) task.inputs[0] = source.results[op.microbatch];
    if (!source.many.empty()) [[unlikely]]
      connect_others(task, source, op.microbatch);
    return task;
  }

  void connect_others(Task& task, const Source& source, std::uint32_t microbatch) {
    const auto input = [&](const StageEdge& edge) { return results(edge, source.backward)[microbatch]; };
    if (source.many.size() == 2) {
      task.inputs[1] = input(source.many[1]);
      return;
    }
    task.inputs[1] = kMoreInputs | static_cast<TaskId>(graph_.more_begin.size() - 1);
    for (const StageEdge& edge : source.many.subspan(1))
      graph_.more.push_back({.input = input(edge),
                             .link = link(edge, source.backward),
                             .latency = latency(edge, source.backward)});
    graph_.more_begin.push_back(graph_.more.size());
  }

  const PipelineProblem& problem_;
  const ScheduleIndex& index_;
  EdgeLists into_;
  EdgeLists out_of_;
  std::vector<Source> sources_;  // by cost class
  TaskGraph graph_;
  std::map<std::pair<int, int>, std::uint32_t> links_;
};

}  // namespace

std::variant<TaskGraph, ScheduleFault> lower(const PipelineProblem& problem) {
  auto index = index_schedule(problem);
  if (auto* fault = std::get_if<ScheduleFault>(&index)) return std::move(*fault);
  return TaskMaker(problem, std::get<ScheduleIndex>(index)).run();
}

std::vector<TaskCost> task_costs(const PipelineProblem& problem, std::vector<int> rank_of) {
  ScheduleIndex index;
  index.rank_of = std::move(rank_of);
  return TaskMaker(problem, index).costs();
}

std::optional<ScheduleFault> check(const PipelineProblem& problem) {
  const auto lowered = lower(problem);
  if (const auto* fault = std::get_if<ScheduleFault>(&lowered)) return *fault;
  const auto& graph = std::get<TaskGraph>(lowered);
  const auto order = topological_order(graph);
  if (const auto* deadlock = std::get_if<Deadlock>(&order))
    return explain(*deadlock, graph, problem.schedule);
  return std::nullopt;
}

}  // namespace stagecraft
