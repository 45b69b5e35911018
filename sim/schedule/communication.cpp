#include "sim/schedule/communication.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace stagecraft {

namespace {

struct ActionName {
  std::string_view letters;
  bool per_microbatch;
};

/// By ActionKind.
constexpr std::array<ActionName, 8> kNames{{
    {"", true},
    {"SEND_F", true},
    {"RECV_F", true},
    {"SEND_B", true},
    {"RECV_B", true},
    {"UNSHARD", false},
    {"RESHARD", false},
    {"REDUCE_GRAD", false},
}};

/// A fused op has no old name.
std::string in_old_letters(const Op& op) {
  if (op.kind == OpKind::InputGradient) return fmt::format("{}B{}", op.stage, op.microbatch);
  if (op.kind == OpKind::Backward) return fmt::format("{}BW{}", op.stage, op.microbatch);
  return to_string(op);
}

}  // namespace

std::string to_string(const Action& action, PyTorchLetters letters) {
  if (action.kind == ActionKind::Compute)
    return letters == PyTorchLetters::Old ? in_old_letters(action.op) : to_string(action.op);
  const ActionName& name = kNames[static_cast<std::size_t>(action.kind)];
  if (!name.per_microbatch) return fmt::format("{}{}", action.op.stage, name.letters);
  return fmt::format("{}{}{}", action.op.stage, name.letters, action.op.microbatch);
}

std::string write_csv(const RankActions& ranks, PyTorchLetters letters) {
  std::string text;
  for (const std::vector<Action>& actions : ranks) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (i > 0) text += ',';
      text += to_string(actions[i], letters);
    }
    text += '\n';
  }
  return text;
}

}  // namespace stagecraft
