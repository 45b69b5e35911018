#include "sim/pipeline/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "sim/engine/replay.h"
#include "sim/pipeline/deadlock.h"

namespace stagecraft {

namespace {

/// Where each stage's results are made: for every stage and micro-batch the task that ends with the
/// forward's output, and with the input gradient, ready to go.
struct ResultIndex {
  std::size_t microbatches;
  std::vector<TaskId> forward;
  std::vector<TaskId> gradient;

  ResultIndex(std::size_t stages, std::size_t m)
      : microbatches(m), forward(stages * m, kNoTask), gradient(stages * m, kNoTask) {}
  std::size_t slot(std::size_t stage, std::size_t microbatch) const {
    return stage * microbatches + microbatch;
  }
};

/// First pass: walks every rank's list and fills the index, proving that each op may stand where it does.
class Indexer {
 public:
  explicit Indexer(const PipelineProblem& problem)
      : problem_(problem),
        index_(problem.stages.size(), static_cast<std::size_t>(problem.shape.microbatches)),
        rank_of_(problem.stages.size(), -1) {}

  std::optional<ScheduleFault> run() {
    for (int rank = 0; rank < problem_.schedule.ranks(); ++rank) {
      const std::size_t begin = problem_.schedule.begin[static_cast<std::size_t>(rank)];
      const std::span<const Op> ops = problem_.schedule.rank(rank);
      for (std::size_t i = 0; i < ops.size(); ++i)
        if (std::string fault = place(ops[i], rank, static_cast<TaskId>(begin + i)); !fault.empty())
          return ScheduleFault{std::move(fault), rank, i};
    }
    return missing();
  }

  ResultIndex& index() { return index_; }
  const std::vector<int>& rank_of() const { return rank_of_; }

 private:
  /// What is wrong with this op here; empty when nothing.
  std::string place(const Op& op, int rank, TaskId id) {
    if (op.stage >= problem_.stages.size())
      return fmt::format("{}: there are only {} stages", to_string(op), problem_.stages.size());
    int& home = rank_of_[op.stage];
    if (home < 0) home = rank;
    if (home != rank)
      return fmt::format("{}: stage {} is on rank {} and on rank {}", to_string(op), op.stage, home, rank);
    if (!info(op.kind).per_microbatch) return {};
    if (op.microbatch >= index_.microbatches)
      return fmt::format("{}: there are only {} micro-batches", to_string(op), index_.microbatches);
    return place_microbatch_op(op, id);
  }

  std::string place_microbatch_op(const Op& op, TaskId id) {
    const std::size_t slot = index_.slot(op.stage, op.microbatch);
    TaskId& forward = index_.forward[slot];
    TaskId& gradient = index_.gradient[slot];
    switch (op.kind) {
      case OpKind::Forward:
        return claim(forward, op, id);
      case OpKind::Backward:
      case OpKind::InputGradient:
        if (forward == kNoTask) return before(op, OpKind::Forward);
        weights_ += op.kind == OpKind::Backward;
        return claim(gradient, op, id);
      case OpKind::WeightGradient:
        return place_weight_gradient(op, slot);
      case OpKind::SendForward:
        if (forward == kNoTask) return before(op, OpKind::Forward);
        forward = id;
        return {};
      case OpKind::SendBackward:
        if (gradient == kNoTask) return before(op, OpKind::Backward);
        gradient = id;
        return {};
      default:
        return {};
    }
  }

  std::string place_weight_gradient(const Op& op, std::size_t slot) {
    if (index_.gradient[slot] == kNoTask) return before(op, OpKind::InputGradient);
    if (weight_done_.empty()) weight_done_.resize(index_.gradient.size());
    const Op& gradient = problem_.schedule.ops[index_.gradient[slot]];
    if (gradient.kind == OpKind::Backward)
      return fmt::format("{}: {} has already made the weight gradient", to_string(op), to_string(gradient));
    if (weight_done_[slot]) return fmt::format("{} stands twice", to_string(op));
    weight_done_[slot] = true;
    ++weights_;
    return {};
  }

  std::string claim(TaskId& slot, const Op& op, TaskId id) {
    if (slot != kNoTask) {
      const Op& other = problem_.schedule.ops[slot];
      if (other.kind == op.kind) return fmt::format("{} stands twice", to_string(op));
      return fmt::format("{} stands beside {}", to_string(op), to_string(other));
    }
    slot = id;
    ++claimed_;
    return {};
  }

  static std::string before(const Op& op, OpKind needed) {
    return fmt::format("{} comes before {}", to_string(op),
                       to_string(make_op(needed, op.stage, static_cast<int>(op.microbatch))));
  }

  /// The first op that the lists lack, if any.
  std::optional<ScheduleFault> missing() const {
    const std::size_t wanted = index_.forward.size();
    if (claimed_ == 2 * wanted && weights_ == wanted) return std::nullopt;
    for (std::size_t slot = 0; slot < wanted; ++slot) {
      const int stage = static_cast<int>(slot / index_.microbatches);
      const int microbatch = static_cast<int>(slot % index_.microbatches);
      OpKind kind = OpKind::WeightGradient;
      if (index_.forward[slot] == kNoTask)
        kind = OpKind::Forward;
      else if (index_.gradient[slot] == kNoTask)
        kind = OpKind::Backward;
      else if (problem_.schedule.ops[index_.gradient[slot]].kind == OpKind::Backward)
        continue;
      else if (!weight_done_.empty() && weight_done_[slot])
        continue;
      const int rank = std::max(0, rank_of_[static_cast<std::size_t>(stage)]);
      const std::size_t position = problem_.schedule.rank(rank).size();
      return ScheduleFault{fmt::format("{} is missing", to_string(make_op(kind, stage, microbatch))), rank,
                           position == 0 ? 0 : position - 1};
    }
    return std::nullopt;
  }

  const PipelineProblem& problem_;
  ResultIndex index_;
  std::vector<int> rank_of_;
  std::vector<bool> weight_done_;  ///< by slot; empty while no W was seen
  std::size_t claimed_ = 0;        ///< forwards and gradients
  std::size_t weights_ = 0;        ///< full backwards and weight gradients
};

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

/// Second pass: one task per op, its inputs from the index.
class TaskMaker {
 public:
  TaskMaker(const PipelineProblem& problem, const ResultIndex& index, const std::vector<int>& rank_of)
      : problem_(problem),
        index_(index),
        rank_of_(rank_of),
        into_(problem.edges, problem.stages.size(), &StageEdge::to),
        out_of_(problem.edges, problem.stages.size(), &StageEdge::from) {}

  TaskGraph run() {
    graph_.begin = problem_.schedule.begin;
    make_costs();
    graph_.tasks.resize(problem_.schedule.ops.size());
    for (int rank = 0; rank < problem_.schedule.ranks(); ++rank) {
      const std::size_t first = graph_.begin[static_cast<std::size_t>(rank)];
      const std::size_t last = graph_.begin[static_cast<std::size_t>(rank) + 1];
      for (std::size_t i = first; i < last; ++i)
        graph_.tasks[i] = make(problem_.schedule.ops[i], static_cast<std::uint32_t>(rank));
    }
    return std::move(graph_);
  }

 private:
  bool remote(const StageEdge& edge) const {
    return rank_of_[static_cast<std::size_t>(edge.from)] != rank_of_[static_cast<std::size_t>(edge.to)];
  }
  bool blocking() const { return problem_.transfers == TransferMode::Blocking; }
  Duration latency(const StageEdge& edge, bool backward) const {
    if (!remote(edge) || blocking()) return Duration{0};
    return backward ? edge.backward_hop : edge.forward_hop;
  }
  /// Shared links: one per ordered pair of ranks.
  std::uint32_t link(const StageEdge& edge, bool backward) {
    if (!problem_.shared_links || !remote(edge) || blocking()) return kNoLink;
    int from = rank_of_[static_cast<std::size_t>(edge.from)];
    int to = rank_of_[static_cast<std::size_t>(edge.to)];
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

  Task make(const Op& op, std::uint32_t rank) {
    Task task{.cost = static_cast<std::uint32_t>(cost_class(op.kind, op.stage)), .resource = rank};
    if (op.kind == OpKind::Forward) {
      connect(task, into_.of(op.stage), op.microbatch, false);
    } else if (op.kind == OpKind::Backward || op.kind == OpKind::InputGradient) {
      connect(task, out_of_.of(op.stage), op.microbatch, true);
    }
    return task;
  }

  void connect(Task& task, std::span<const StageEdge> edges, std::uint32_t microbatch, bool backward) {
    const std::vector<TaskId>& results = backward ? index_.gradient : index_.forward;
    const auto input = [&](const StageEdge& edge) {
      return results[index_.slot(static_cast<std::size_t>(backward ? edge.to : edge.from), microbatch)];
    };
    if (!edges.empty()) task.inputs[0] = input(edges[0]);
    if (edges.size() == 2) task.inputs[1] = input(edges[1]);
    if (edges.size() <= 2) return;
    task.inputs[1] = kMoreInputs | static_cast<TaskId>(graph_.more_begin.size() - 1);
    for (const StageEdge& edge : edges.subspan(1))
      graph_.more.push_back(
          {.input = input(edge), .link = link(edge, backward), .latency = latency(edge, backward)});
    graph_.more_begin.push_back(graph_.more.size());
  }

  const PipelineProblem& problem_;
  const ResultIndex& index_;
  const std::vector<int>& rank_of_;
  EdgeLists into_;
  EdgeLists out_of_;
  TaskGraph graph_;
  std::map<std::pair<int, int>, std::uint32_t> links_;
};

}  // namespace

std::variant<LoweredSchedule, ScheduleFault> lower(const PipelineProblem& problem) {
  Indexer indexer(problem);
  if (auto fault = indexer.run()) return *fault;
  LoweredSchedule lowered{.graph = TaskMaker(problem, indexer.index(), indexer.rank_of()).run(), .order = {}};
  auto order = topological_order(lowered.graph);
  if (const auto* deadlock = std::get_if<Deadlock>(&order))
    return explain(*deadlock, lowered.graph, problem.schedule);
  lowered.order = std::move(std::get<std::vector<TaskId>>(order));
  return lowered;
}

}  // namespace stagecraft
