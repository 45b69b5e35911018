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

/// The cost classes of tasks: one per variant (replica and segment), stage and kind, and one per pair of
/// placed stages that the schedule fuses.
class CostClasses {
 public:
  CostClasses(const PipelineProblem& problem, const StagePlacement& placement)
      : stages_(problem.stages.size()),
        segments_(static_cast<std::size_t>(problem.shape.segments)),
        fused_with_(placement.fused_with) {
    const auto replicas = static_cast<std::size_t>(problem.shape.replicas);
    count_ = replicas * segments_ * stages_ * kOpKinds;
    for (const std::vector<std::uint32_t>& backwards : fused_with_) {
      first_pair_.push_back(count_);
      count_ += backwards.size();
    }
  }

  std::size_t count() const { return count_; }
  std::size_t variant(const Op& op) const { return op.replica * segments_ + op.segment; }
  std::size_t of(const Op& op) const {
    if (op.kind != OpKind::ForwardBackward) [[likely]]
      return (variant(op) * stages_ + op.stage) * kOpKinds + static_cast<std::size_t>(op.kind);
    const std::size_t forward = op.replica * stages_ + op.stage;
    const std::vector<std::uint32_t>& with = fused_with_[forward];
    const std::size_t backward = op.partner_replica * stages_ + op.partner_stage;
    return first_pair_[forward] +
           static_cast<std::size_t>(std::lower_bound(with.begin(), with.end(), backward) - with.begin());
  }

  /// Calls visit(fused op) for every pair, whose class is of() it.
  template <class Visit>
  void for_each_pair(Visit visit) const {
    for (std::size_t forward = 0; forward < fused_with_.size(); ++forward)
      for (const std::size_t backward : fused_with_[forward]) visit(fuse(op_at(forward), op_at(backward)));
  }

 private:
  Op op_at(std::size_t placed) const {
    Op op = make_op(OpKind::Forward, static_cast<int>(placed % stages_));
    op.replica = static_cast<std::uint8_t>(placed / stages_);
    return op;
  }

  std::size_t stages_;
  std::size_t segments_;
  const std::vector<std::vector<std::uint32_t>>& fused_with_;  // StagePlacement's
  std::size_t count_ = 0;
  std::vector<std::size_t> first_pair_;  // by placed stage of the forward
};

/// The edges into and out of every stage, for every variant that has its own hops.
class VariantEdges {
 public:
  explicit VariantEdges(const PipelineProblem& problem) {
    const std::size_t stages = problem.stages.size();
    const auto add = [&](const std::vector<StageEdge>& edges) {
      into_.emplace_back(edges, stages, &StageEdge::to);
      out_of_.emplace_back(edges, stages, &StageEdge::from);
    };
    if (problem.variant_edges.empty()) add(problem.edges);
    for (const auto& edges : problem.variant_edges) add(edges);
  }
  /// Whence an op of the stage gets its inputs.
  std::span<const StageEdge> inputs(std::size_t variant, std::size_t stage, bool backward) const {
    const auto& lists = backward ? out_of_ : into_;
    return lists[lists.size() > 1 ? variant : 0].of(stage);
  }
  /// Where its result goes.
  std::span<const StageEdge> outputs(std::size_t variant, std::size_t stage, bool backward) const {
    return inputs(variant, stage, !backward);
  }

 private:
  std::vector<EdgeLists> into_;
  std::vector<EdgeLists> out_of_;
};

/// One task per op, its inputs from the index.
class TaskMaker {
 public:
  TaskMaker(const PipelineProblem& problem, const ScheduleIndex& index)
      : problem_(problem), index_(index), classes_(problem, index.placement), edges_(problem) {}

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
  /// Where the input of a class's tasks comes from when it is one: results[unit]. Null when there is none;
  /// with several inputs, `many` says which edges they come over.
  struct Source {
    const TaskId* results = nullptr;
    std::span<const StageEdge> many = {};
  };

  std::size_t replica_of(std::size_t variant) const {
    return variant / static_cast<std::size_t>(problem_.shape.segments);
  }
  int rank_of(std::size_t variant, int stage) const {
    const std::size_t first = replica_of(variant) * problem_.stages.size();
    return index_.placement.rank_of[first + static_cast<std::size_t>(stage)];
  }
  bool remote(const StageEdge& edge, std::size_t variant) const {
    return rank_of(variant, edge.from) != rank_of(variant, edge.to);
  }
  bool blocking() const { return problem_.transfers == TransferMode::Blocking; }

  /// How the data of an input gets here; `input` stays to be filled.
  MoreInput arrival(const StageEdge& edge, std::size_t variant, bool backward) {
    if (!remote(edge, variant) || blocking()) return {};
    const int from = rank_of(variant, edge.from), to = rank_of(variant, edge.to);
    return {.link = backward ? link(to, from) : link(from, to),
            .latency = backward ? edge.backward_hop : edge.forward_hop};
  }
  /// Shared links: one per ordered pair of ranks.
  std::uint32_t link(int from, int to) {
    if (!problem_.shared_links) return kNoLink;
    const auto [entry, added] = links_.try_emplace({from, to}, graph_.links);
    if (added) ++graph_.links;
    return entry->second;
  }

  void make_costs() {
    graph_.costs.resize(classes_.count());
    for (int replica = 0; replica < problem_.shape.replicas; ++replica)
      for (int segment = 0; segment < problem_.shape.segments; ++segment)
        for (std::size_t stage = 0; stage < problem_.stages.size(); ++stage)
          make_costs_of(static_cast<std::uint8_t>(replica), static_cast<std::uint8_t>(segment), stage);
    classes_.for_each_pair([&](const Op& op) { make_fused_cost(op); });
  }
  void make_costs_of(std::uint8_t replica, std::uint8_t segment, std::size_t stage) {
    const StageCost& stage_cost = problem_.cost(stage, segment);
    Op op = make_op(OpKind::Forward, static_cast<int>(stage));
    op.replica = replica;
    op.segment = segment;
    for (const OpKindInfo& kind : op_kinds()) {
      if (kind.kind == OpKind::ForwardBackward) continue;
      op.kind = kind.kind;
      TaskCost& cost = graph_.costs[classes_.of(op)];
      cost.duration = duration_of(kind.kind, stage_cost);
      if (has_forward(kind.kind) || has_input_gradient(kind.kind)) make_arrivals(cost, arrivals(op));
      if (index_.placement.evicts()) make_eviction(cost, op, stage_cost.eviction);
      if (kind.kind == OpKind::SendForward || kind.kind == OpKind::SendBackward) make_send(cost, op);
    }
  }
  /// Activations on their way to the rank that keeps them, which its Return awaits, and back, which a
  /// backward awaits. Asynchronous even where other transfers block.
  void make_eviction(TaskCost& cost, const Op& op, Duration time) {
    const std::size_t placed = op.replica * problem_.stages.size() + op.stage;
    const int home = index_.placement.rank_of[placed], host = index_.placement.host_of[placed];
    if (host < 0) return;
    const bool comes_back = has_input_gradient(op.kind);
    if (!comes_back && op.kind != OpKind::Return) return;
    const std::size_t input = comes_back ? 1 : 0;
    cost.latency[input] = time;
    cost.link[input] = comes_back ? link(host, home) : link(home, host);
  }
  void make_fused_cost(const Op& op) {
    const StageCost& forward = problem_.stages[op.stage];
    const StageCost& backward = problem_.stages[op.partner_stage];
    TaskCost& cost = graph_.costs[classes_.of(op)];
    cost.duration = std::max(Duration{0}, forward.forward + backward.backward -
                                              std::min(forward.overlap_saving, backward.overlap_saving));
    make_arrivals(cost, arrivals(op));
  }

  /// How the inputs of an op arrive, those of the forward half first.
  std::vector<MoreInput> arrivals(const Op& op) {
    std::vector<MoreInput> result;
    const auto append = [&](const Op& half) {
      const bool backward = half.kind != OpKind::Forward;
      const std::size_t variant = classes_.variant(half);
      for (const StageEdge& edge : edges_.inputs(variant, half.stage, backward))
        result.push_back(arrival(edge, variant, backward));
    };
    if (op.kind != OpKind::ForwardBackward) {
      append(op);
    } else {
      append(forward_half(op));
      append(backward_half(op));
    }
    return result;
  }
  static void make_arrivals(TaskCost& cost, const std::vector<MoreInput>& inputs) {
    for (std::size_t k = 0; k < std::min<std::size_t>(inputs.size(), 2); ++k) {
      cost.latency[k] = inputs[k].latency;
      cost.link[k] = inputs[k].link;
    }
  }
  /// A blocking send to several successors sends to one after the other.
  void make_send(TaskCost& cost, const Op& op) {
    const bool backward = op.kind == OpKind::SendBackward;
    const std::size_t variant = classes_.variant(op);
    for (const StageEdge& edge : edges_.outputs(variant, op.stage, backward))
      if (remote(edge, variant)) cost.duration += backward ? edge.backward_hop : edge.forward_hop;
  }

  void make_sources() {
    sources_.resize(classes_.count());
    Op op;
    for (int variant = 0; variant < problem_.shape.replicas * problem_.shape.segments; ++variant)
      for (std::size_t stage = 0; stage < problem_.stages.size(); ++stage)
        for (OpKind kind : {OpKind::Forward, OpKind::Backward, OpKind::InputGradient}) {
          op.stage = static_cast<std::uint16_t>(stage);
          op.replica = static_cast<std::uint8_t>(variant / problem_.shape.segments);
          op.segment = static_cast<std::uint8_t>(variant % problem_.shape.segments);
          op.kind = kind;
          sources_[classes_.of(op)] = source(op);
        }
  }
  Source source(const Op& op) const {
    const bool backward = op.kind != OpKind::Forward;
    const std::span<const StageEdge> edges = edges_.inputs(classes_.variant(op), op.stage, backward);
    if (edges.empty()) return {};
    return {.results = results(edges[0], backward),
            .many = edges.size() > 1 ? edges : std::span<const StageEdge>()};
  }
  /// What comes over an edge, by unit.
  const TaskId* results(const StageEdge& edge, bool backward) const {
    const LargeArray<TaskId>& made = backward ? index_.gradient : index_.forward;
    const auto stage = static_cast<std::size_t>(backward ? edge.to : edge.from);
    return made.data() + index_.slot(stage, 0);
  }

  Task make(const Op& op, std::uint32_t rank) {
    const std::size_t cost = classes_.of(op);
    Task task{.cost = static_cast<std::uint32_t>(cost), .resource = rank};
    if (op.kind == OpKind::ForwardBackward) {
      connect_halves(task, op);
      return task;
    }
    const Source& source = sources_[cost];
    if (source.results != nullptr) task.inputs[0] = source.results[index_.unit(op)];
    if (!index_.evicted.empty()) connect_evictions(task, op);
    if (!source.many.empty()) [[unlikely]]
      connect(task, op);
    return task;
  }

  /// The inputs of a fused op, those of the forward half first, as in its costs.
  void connect_halves(Task& task, const Op& op) {
    std::size_t input = 0;
    for (const Op& half : {forward_half(op), backward_half(op)}) {
      const Source& source = sources_[classes_.of(half)];
      if (!source.many.empty()) return connect(task, op);
      if (source.results != nullptr) task.inputs[input++] = source.results[index_.unit(half)];
    }
  }

  /// A backward waits for activations that were away, and who returns them for their arrival.
  void connect_evictions(Task& task, const Op& op) {
    if (op.kind == OpKind::Return) task.inputs[0] = index_.evicted[index_.slot(op)];
    if (has_input_gradient(op.kind)) task.inputs[1] = index_.returned[index_.slot(op)];
  }

  /// Inputs of a task that has several, or may have.
  void connect(Task& task, const Op& op) {
    std::vector<MoreInput> inputs = arrivals(op);
    std::size_t at = 0;
    const auto fill = [&](const Op& half) {
      const bool backward = half.kind != OpKind::Forward;
      for (const StageEdge& edge : edges_.inputs(classes_.variant(half), half.stage, backward))
        inputs[at++].input = results(edge, backward)[index_.unit(half)];
    };
    if (op.kind != OpKind::ForwardBackward) {
      fill(op);
    } else {
      fill(forward_half(op));
      fill(backward_half(op));
    }
    set_inputs(task, inputs);
  }
  void set_inputs(Task& task, const std::vector<MoreInput>& inputs) {
    if (!inputs.empty()) task.inputs[0] = inputs[0].input;
    if (inputs.size() == 2) task.inputs[1] = inputs[1].input;
    if (inputs.size() <= 2) return;
    task.inputs[1] = kMoreInputs | static_cast<TaskId>(graph_.more_begin.size() - 1);
    graph_.more.insert(graph_.more.end(), inputs.begin() + 1, inputs.end());
    graph_.more_begin.push_back(graph_.more.size());
  }

  const PipelineProblem& problem_;
  const ScheduleIndex& index_;
  CostClasses classes_;
  VariantEdges edges_;
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

std::vector<TaskCost> task_costs(const PipelineProblem& problem, StagePlacement placement) {
  ScheduleIndex index;
  index.placement = std::move(placement);
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
