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
  OnTwoRanks,
  BeforeForward,
  BeforeBackward,
  BeforeInputGradient,
  StandsTwice,
  GradientMade,  ///< the stage's gradient, or its forward, is made by an op of another kind
  WeightGradientMade,
};

class Indexer {
 public:
  explicit Indexer(const PipelineProblem& problem) : problem_(problem) {
    index_.microbatches = static_cast<std::size_t>(problem.shape.microbatches);
    index_.rank_of.assign(problem.stages.size(), -1);
    const std::size_t slots = problem.stages.size() * index_.microbatches;
    index_.forward.assign(slots, kNoTask);
    index_.gradient.assign(slots, kNoTask);
  }

  std::variant<ScheduleIndex, ScheduleFault> run() {
    const Schedule& schedule = problem_.schedule;
    for (int rank = 0; rank < schedule.ranks(); ++rank) {
      const std::size_t begin = schedule.begin[static_cast<std::size_t>(rank)];
      const std::size_t end = schedule.begin[static_cast<std::size_t>(rank) + 1];
      for (std::size_t i = begin; i < end; ++i) {
        const Wrong wrong = place(schedule.ops[i], rank, static_cast<TaskId>(i));
        if (wrong != Wrong::Nothing) [[unlikely]]
          return ScheduleFault{message(wrong, schedule.ops[i], rank), rank, i - begin};
      }
    }
    if (auto fault = missing()) return *std::move(fault);
    return std::move(index_);
  }

 private:
  Wrong place(const Op& op, int rank, TaskId id) {
    if (op.stage >= problem_.stages.size()) return Wrong::NoSuchStage;
    int& home = index_.rank_of[op.stage];
    if (home != rank) {
      if (home >= 0) return Wrong::OnTwoRanks;
      home = rank;
    }
    if (!info(op.kind).per_microbatch) return Wrong::Nothing;
    if (op.microbatch >= index_.microbatches) return Wrong::NoSuchMicrobatch;
    return place_in_slot(op, index_.slot(op.stage, op.microbatch), id);
  }

  Wrong place_in_slot(const Op& op, std::size_t slot, TaskId id) {
    TaskId& forward = index_.forward[slot];
    TaskId& gradient = index_.gradient[slot];
    switch (op.kind) {
      case OpKind::Forward:
        return claim(forward, op, id);
      case OpKind::Backward:
      case OpKind::InputGradient:
        if (forward == kNoTask) return Wrong::BeforeForward;
        weights_ += op.kind == OpKind::Backward;
        return claim(gradient, op, id);
      case OpKind::WeightGradient:
        return place_weight_gradient(slot);
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

  Wrong claim(TaskId& slot, const Op& op, TaskId id) {
    if (slot != kNoTask)
      return problem_.schedule.ops[slot].kind == op.kind ? Wrong::StandsTwice : Wrong::GradientMade;
    slot = id;
    ++claimed_;
    return Wrong::Nothing;
  }

  Wrong place_weight_gradient(std::size_t slot) {
    if (index_.gradient[slot] == kNoTask) return Wrong::BeforeInputGradient;
    if (weight_done_.empty()) weight_done_.resize(index_.gradient.size());
    if (problem_.schedule.ops[index_.gradient[slot]].kind == OpKind::Backward)
      return Wrong::WeightGradientMade;
    if (weight_done_[slot]) return Wrong::StandsTwice;
    weight_done_[slot] = true;
    ++weights_;
    return Wrong::Nothing;
  }

  std::string message(Wrong wrong, const Op& op, int rank) const {
    const std::string name = to_string(op);
    const auto before = [&](OpKind needed) {
      return fmt::format("{} comes before {}", name,
                         to_string(make_op(needed, op.stage, static_cast<int>(op.microbatch))));
    };
    switch (wrong) {
      case Wrong::Nothing:
        break;
      case Wrong::NoSuchStage:
        return fmt::format("{}: there are only {} stages", name, problem_.stages.size());
      case Wrong::NoSuchMicrobatch:
        return fmt::format("{}: there are only {} micro-batches", name, index_.microbatches);
      case Wrong::OnTwoRanks:
        return fmt::format("{}: stage {} is on rank {} and on rank {}", name, op.stage,
                           index_.rank_of[op.stage], rank);
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
    return problem_.schedule.ops[made[index_.slot(op.stage, op.microbatch)]];
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
    if (problem_.schedule.ops[index_.gradient[slot]].kind == OpKind::Backward) return std::nullopt;
    if (!weight_done_.empty() && weight_done_[slot]) return std::nullopt;
    return OpKind::WeightGradient;
  }

  /// Blames the last op of the rank that should have the missing one.
  ScheduleFault missing_fault(std::size_t slot, OpKind kind) const {
    const std::size_t stage = slot / index_.microbatches;
    const Op op = make_op(kind, static_cast<int>(stage), static_cast<int>(slot % index_.microbatches));
    const int rank = std::max(0, index_.rank_of[stage]);
    const std::size_t ops = problem_.schedule.rank(rank).size();
    return {fmt::format("{} is missing", to_string(op)), rank, ops == 0 ? 0 : ops - 1};
  }

  const PipelineProblem& problem_;
  ScheduleIndex index_;
  std::vector<bool> weight_done_;  ///< by slot; empty while no W was seen
  std::size_t claimed_ = 0;        ///< forwards and gradients
  std::size_t weights_ = 0;        ///< full backwards and weight gradients
};

}  // namespace

std::variant<ScheduleIndex, ScheduleFault> index_schedule(const PipelineProblem& problem) {
  return Indexer(problem).run();
}

}  // namespace stagecraft
