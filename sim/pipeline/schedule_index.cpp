#include "sim/pipeline/schedule_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace stagecraft {

namespace {

/// What can be wrong with an op where it stands.
enum class Wrong : std::uint8_t {
  Nothing,
  NoSuchStage,
  NoSuchMicrobatch,
  NoSuchReplica,
  NoSuchSegment,
  OnTwoRanks,
  InTwoReplicas,
  BeforeForward,
  BeforeBackward,
  BeforeInputGradient,
  BeforeSegment,  ///< the segment that goes first has not
  StandsTwice,
  GradientMade,  ///< the stage's gradient, or its forward, is made by an op of another kind
  WeightGradientMade,
};

class Indexer {
 public:
  explicit Indexer(const PipelineProblem& problem) : problem_(problem) {
    const ScheduleShape& shape = problem.shape;
    microbatches_ = static_cast<std::size_t>(shape.microbatches);
    replicas_ = static_cast<std::size_t>(shape.replicas);
    index_.stages = problem.stages.size();
    index_.segments = static_cast<std::size_t>(shape.segments);
    index_.units = microbatches_ * index_.segments;
    index_.placement.rank_of.assign(index_.stages * replicas_, -1);
    if (replicas_ > 1) replica_of_.assign(microbatches_, kNoReplica);
    const std::size_t slots = index_.stages * index_.units;
    index_.forward.assign(slots, kNoTask);
    index_.gradient.assign(slots, kNoTask);
  }

  std::variant<ScheduleIndex, ScheduleFault> run() {
    const Schedule& schedule = problem_.schedule;
    for (int rank = 0; rank < schedule.ranks(); ++rank) {
      const std::size_t begin = schedule.begin[static_cast<std::size_t>(rank)];
      const std::size_t end = schedule.begin[static_cast<std::size_t>(rank) + 1];
      for (std::size_t i = begin; i < end; ++i)
        if (auto fault = place_all(schedule.ops[i], rank, static_cast<TaskId>(i))) [[unlikely]] {
          fault->position = i - begin;
          return *std::move(fault);
        }
    }
    if (auto fault = missing()) return *std::move(fault);
    return std::move(index_);
  }

 private:
  static constexpr std::uint8_t kNoReplica = 0xFF;

  /// The op, or both halves of a fused one.
  std::optional<ScheduleFault> place_all(const Op& op, int rank, TaskId id) {
    if (op.kind != OpKind::ForwardBackward) return fault_of(place(op, rank, id), op, rank);
    for (const Op& half : {forward_half(op), backward_half(op)})
      if (auto fault = fault_of(place(half, rank, id), half, rank)) return fault;
    index_.placement.add_fused(op.replica * index_.stages + op.stage,
                               op.partner_replica * index_.stages + op.partner_stage);
    return std::nullopt;
  }

  std::optional<ScheduleFault> fault_of(Wrong wrong, const Op& op, int rank) const {
    if (wrong == Wrong::Nothing) [[likely]]
      return std::nullopt;
    return ScheduleFault{message(wrong, op, rank), rank, 0};
  }

  Wrong place(const Op& op, int rank, TaskId id) {
    if (op.stage >= index_.stages) return Wrong::NoSuchStage;
    if (op.replica >= replicas_) return Wrong::NoSuchReplica;
    if (for_another_rank(op.kind)) return place_hosted(op, rank, id);
    int& home = index_.placement.rank_of[op.replica * index_.stages + op.stage];
    if (home != rank) {
      if (home >= 0) return Wrong::OnTwoRanks;
      home = rank;
    }
    if (!info(op.kind).per_microbatch) return Wrong::Nothing;
    if (op.microbatch >= microbatches_) return Wrong::NoSuchMicrobatch;
    if (op.segment >= index_.segments) return Wrong::NoSuchSegment;
    if (replicas_ > 1 && !stays_in_replica(op)) return Wrong::InTwoReplicas;
    return place_in_slot(op, index_.slot(op), id);
  }

  /// On the rank that keeps another one's activations.
  Wrong place_hosted(const Op& op, int rank, TaskId id) {
    if (op.microbatch >= microbatches_) return Wrong::NoSuchMicrobatch;
    if (op.segment >= index_.segments) return Wrong::NoSuchSegment;
    index_.placement.add_host(op.replica * index_.stages + op.stage, rank);
    make_room_for_evictions();
    if (op.kind == OpKind::Host) return Wrong::Nothing;
    TaskId& returned = index_.returned[index_.slot(op)];
    if (returned != kNoTask) return Wrong::StandsTwice;
    returned = id;
    return Wrong::Nothing;
  }
  void make_room_for_evictions() {
    if (!index_.evicted.empty()) return;
    index_.evicted.assign(index_.forward.size(), kNoTask);
    index_.returned.assign(index_.forward.size(), kNoTask);
  }

  bool stays_in_replica(const Op& op) {
    std::uint8_t& replica = replica_of_[op.microbatch];
    if (replica == kNoReplica) replica = op.replica;
    return replica == op.replica;
  }

  Wrong place_in_slot(const Op& op, std::size_t slot, TaskId id) {
    TaskId& forward = index_.forward[slot];
    TaskId& gradient = index_.gradient[slot];
    switch (op.kind) {
      case OpKind::Forward:
        if (op.segment > 0 && index_.forward[slot - 1] == kNoTask) return Wrong::BeforeSegment;
        return claim(forward, op, id);
      case OpKind::Backward:
      case OpKind::InputGradient:
        if (forward == kNoTask) return Wrong::BeforeForward;
        if (op.segment + 1u < index_.segments && index_.gradient[slot + 1] == kNoTask)
          return Wrong::BeforeSegment;
        weights_ += op.kind == OpKind::Backward;
        return claim(gradient, op, id);
      case OpKind::WeightGradient:
        return place_weight_gradient(slot);
      case OpKind::Evict:
        if (forward == kNoTask) return Wrong::BeforeForward;
        make_room_for_evictions();
        if (index_.evicted[slot] != kNoTask) return Wrong::StandsTwice;
        index_.evicted[slot] = id;
        return Wrong::Nothing;
      case OpKind::SendForward:
        if (forward == kNoTask) return Wrong::BeforeForward;
        forward = id;
        return Wrong::Nothing;
      case OpKind::SendBackward:
        if (gradient == kNoTask) return Wrong::BeforeBackward;
        gradient = id;
        return Wrong::Nothing;
      default:
        return Wrong::Nothing;
    }
  }

  /// Whether the op at `id` makes the gradient of its slot as `kind` would.
  bool makes(TaskId id, OpKind kind) const {
    const OpKind made = problem_.schedule.ops[id].kind;
    return made == kind || (made == OpKind::ForwardBackward && kind == OpKind::Backward);
  }

  Wrong claim(TaskId& slot, const Op& op, TaskId id) {
    if (slot != kNoTask)
      return op.kind == OpKind::Forward || makes(slot, op.kind) ? Wrong::StandsTwice : Wrong::GradientMade;
    slot = id;
    ++claimed_;
    return Wrong::Nothing;
  }

  Wrong place_weight_gradient(std::size_t slot) {
    if (index_.gradient[slot] == kNoTask) return Wrong::BeforeInputGradient;
    if (weight_done_.empty()) weight_done_.resize(index_.gradient.size());
    if (makes(index_.gradient[slot], OpKind::Backward)) return Wrong::WeightGradientMade;
    if (weight_done_[slot]) return Wrong::StandsTwice;
    weight_done_[slot] = true;
    ++weights_;
    return Wrong::Nothing;
  }

  std::string message(Wrong wrong, const Op& op, int rank) const {
    const std::string name = to_string(op);
    const auto before = [&](OpKind needed, int segments_away = 0) {
      Op other = op;
      other.kind = needed;
      other.segment = static_cast<std::uint8_t>(op.segment + segments_away);
      return fmt::format("{} comes before {}", name, to_string(other));
    };
    switch (wrong) {
      case Wrong::Nothing:
        break;
      case Wrong::NoSuchStage:
        return fmt::format("{}: there are only {} stages", name, index_.stages);
      case Wrong::NoSuchMicrobatch:
        return fmt::format("{}: there are only {} micro-batches", name, microbatches_);
      case Wrong::NoSuchReplica:
        return fmt::format("{}: there are only {} replicas", name, replicas_);
      case Wrong::NoSuchSegment:
        return fmt::format("{}: there are only {} segments", name, index_.segments);
      case Wrong::OnTwoRanks:
        return fmt::format("{}: stage {} is on rank {} and on rank {}", name, op.stage,
                           index_.placement.rank_of[op.replica * index_.stages + op.stage], rank);
      case Wrong::InTwoReplicas:
        return fmt::format("{}: micro-batch {} runs through replica {} and replica {}", name, op.microbatch,
                           replica_of_[op.microbatch], op.replica);
      case Wrong::BeforeSegment:
        return before(op.kind, op.kind == OpKind::Forward ? -1 : 1);
      case Wrong::BeforeForward:
        return before(OpKind::Forward);
      case Wrong::BeforeBackward:
        return before(OpKind::Backward);
      case Wrong::BeforeInputGradient:
        return before(OpKind::InputGradient);
      case Wrong::StandsTwice:
        return fmt::format("{} stands twice", name);
      case Wrong::GradientMade:
        return fmt::format("{} stands beside {}", name, to_string(maker(op)));
      case Wrong::WeightGradientMade:
        return fmt::format("{}: {} has already made the weight gradient", name, to_string(maker(op)));
    }
    return {};
  }

  /// The op that has made the result that `op` would make.
  const Op& maker(const Op& op) const {
    const auto& made = op.kind == OpKind::Forward ? index_.forward : index_.gradient;
    return problem_.schedule.ops[made[index_.slot(op)]];
  }

  /// The first op that the lists lack, if any.
  std::optional<ScheduleFault> missing() const {
    const std::size_t wanted = index_.forward.size();
    if (claimed_ == 2 * wanted && weights_ == wanted) return std::nullopt;
    for (std::size_t slot = 0; slot < wanted; ++slot)
      if (const std::optional<OpKind> kind = missing_at(slot)) return missing_fault(slot, *kind);
    return std::nullopt;
  }

  std::optional<OpKind> missing_at(std::size_t slot) const {
    if (index_.forward[slot] == kNoTask) return OpKind::Forward;
    if (index_.gradient[slot] == kNoTask) return OpKind::Backward;
    if (makes(index_.gradient[slot], OpKind::Backward)) return std::nullopt;
    if (!weight_done_.empty() && weight_done_[slot]) return std::nullopt;
    return OpKind::WeightGradient;
  }

  /// Blames the last op of the rank that should have the missing one.
  ScheduleFault missing_fault(std::size_t slot, OpKind kind) const {
    const std::size_t unit = slot % index_.units;
    const std::size_t microbatch = unit / index_.segments;
    Op op = make_op(kind, static_cast<int>(slot / index_.units), static_cast<int>(microbatch));
    op.segment = static_cast<std::uint8_t>(unit % index_.segments);
    if (replicas_ > 1 && replica_of_[microbatch] != kNoReplica) op.replica = replica_of_[microbatch];
    const int rank = std::max(0, index_.placement.rank_of[op.replica * index_.stages + op.stage]);
    const std::size_t ops = problem_.schedule.rank(rank).size();
    return {fmt::format("{} is missing", to_string(op)), rank, ops == 0 ? 0 : ops - 1};
  }

  const PipelineProblem& problem_;
  ScheduleIndex index_;
  std::size_t microbatches_ = 0;
  std::size_t replicas_ = 1;
  std::vector<std::uint8_t> replica_of_;  ///< by micro-batch; empty where there is one replica
  std::vector<bool> weight_done_;         ///< by slot; empty while no W was seen
  std::size_t claimed_ = 0;               ///< forwards and gradients
  std::size_t weights_ = 0;               ///< full backwards and weight gradients
};

}  // namespace

std::variant<ScheduleIndex, ScheduleFault> index_schedule(const PipelineProblem& problem) {
  return Indexer(problem).run();
}

}  // namespace stagecraft
