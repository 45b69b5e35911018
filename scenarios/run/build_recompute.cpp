#include "scenarios/run/build_recompute.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/quantity.h"
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
  /// Whether any rank that does not fit had something left to recompute. A rank waits where another one that
  /// holds the same stage, in another replica, has raised it: that may be enough.
  bool raise_where_needed(const std::vector<RankMemory>& memory) {
    std::vector<bool> relieved(memory.size());
    bool raised = false;
    lacking_ = 0;
    for (std::size_t rank = 0; rank < memory.size(); ++rank) {
      const std::int64_t lacking = memory[rank].peak_bytes - memory_.count;
      lacking_ = std::max(lacking_, lacking);
      if (lacking <= 0 || relieved[rank]) continue;
      const std::optional<std::size_t> stage = raise(static_cast<int>(rank));
      if (!stage) continue;
      raised = true;
      for (std::size_t at = *stage; at < placement_.rank_of.size(); at += choice_.size())
        if (placement_.rank_of[at] >= 0) relieved[static_cast<std::size_t>(placement_.rank_of[at])] = true;
    }
    return raised;
  }
  /// The stage of a rank that recomputes the least, the first in the model of several; nothing where all
  /// recompute all.
  std::optional<std::size_t> raise(int rank) {
    std::size_t least = choice_.size();
    for (std::size_t at = 0; at < placement_.rank_of.size(); ++at) {
      const std::size_t stage = at % choice_.size();
      if (placement_.rank_of[at] != rank || choice_[stage] == Recompute::Full) continue;
      if (least == choice_.size() || choice_[stage] < choice_[least]) least = stage;
    }
    if (least == choice_.size()) return std::nullopt;
    choice_[least] = choice_[least] == Recompute::None ? Recompute::Selective : Recompute::Full;
    return least;
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
    if (lacking_ > 0)
      text += fmt::format("; {} more than {} are needed", to_text(Bytes{lacking_}), to_text(memory_));
    return text;
  }

  BuiltScenario& built_;
  Bytes memory_;
  std::int64_t lacking_ = 0;  // of the rank that lacks the most
  std::vector<Recompute>& choice_;
  StagePlacement placement_;
};

}  // namespace

std::string choose_recompute(BuiltScenario& built, Bytes memory) {
  return RecomputeChoice(built, memory).run();
}

}  // namespace stagecraft
