#include "scenarios/run/build_recompute.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/pipeline/memory.h"

namespace stagecraft {

namespace {

class RecomputeChoice {
 public:
  RecomputeChoice(BuiltScenario& built, Bytes memory)
      : built_(built),
        memory_(memory),
        choice_(built.training->strategy.recompute_of_stage),
        placement_(placement_of(built.problem.schedule, built.problem.shape)) {
    choice_.assign(static_cast<std::size_t>(built.problem.shape.stages()), Recompute::None);
  }

  std::string run() {
    while (raise_where_needed(memory_of(built_.problem)))
      set_model_costs(built_, built_.roofline, cost_sources(built_), built_.problem);
    return note();
  }

 private:
  /// Whether any rank that does not fit had something left to recompute.
  bool raise_where_needed(const std::vector<RankMemory>& memory) {
    bool raised = false;
    for (std::size_t rank = 0; rank < memory.size(); ++rank)
      if (memory[rank].peak_bytes > memory_.count) raised |= raise(static_cast<int>(rank));
    return raised;
  }
  /// The stage of a rank that recomputes the least, the first in the model of several.
  bool raise(int rank) {
    std::size_t least = choice_.size();
    for (std::size_t at = 0; at < placement_.rank_of.size(); ++at) {
      const std::size_t stage = at % choice_.size();
      if (placement_.rank_of[at] != rank || choice_[stage] == Recompute::Full) continue;
      if (least == choice_.size() || choice_[stage] < choice_[least]) least = stage;
    }
    if (least == choice_.size()) return false;
    choice_[least] = choice_[least] == Recompute::None ? Recompute::Selective : Recompute::Full;
    return true;
  }

  /// "recomputation chosen by stage: full on 0-1, none on 2-7".
  std::string note() const {
    std::string text = "recomputation chosen by stage:";
    for (std::size_t first = 0; first < choice_.size();) {
      std::size_t last = first;
      while (last + 1 < choice_.size() && choice_[last + 1] == choice_[first]) ++last;
      text += fmt::format("{} {} on {}", first == 0 ? "" : ",", name(choice_[first]), first);
      if (last > first) text += fmt::format("-{}", last);
      first = last + 1;
    }
    return text;
  }

  BuiltScenario& built_;
  Bytes memory_;
  std::vector<Recompute>& choice_;
  StagePlacement placement_;
};

}  // namespace

std::string choose_recompute(BuiltScenario& built, Bytes memory) {
  return RecomputeChoice(built, memory).run();
}

}  // namespace stagecraft
