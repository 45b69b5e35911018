#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/schedule/pytorch_csv.h"

namespace stagecraft {

/// What a rank does besides computing, in PyTorch's words.
enum class ActionKind : std::uint8_t {
  Compute,
  SendForward,      ///< the output of a stage
  ReceiveForward,   ///< the input of a stage
  SendBackward,     ///< the gradient of a stage's input
  ReceiveBackward,  ///< the gradient of a stage's output
  Unshard,          ///< gather a stage's parameters, where they are sharded over data-parallel replicas
  Reshard,          ///< drop them again
  ReduceGradient,   ///< reduce the stage's gradient over data-parallel replicas
};

/// A computation, or communication of the stage, micro-batch and replica of `op`.
struct Action {
  ActionKind kind = ActionKind::Compute;
  Op op;

  bool operator==(const Action&) const = default;
};

/// PyTorch's notation: "2F0", "0SEND_F3", "4UNSHARD".
std::string to_string(const Action& action, PyTorchLetters letters = PyTorchLetters::New);

/// What every rank does, in order.
using RankActions = std::vector<std::vector<Action>>;

/// What PyTorch adds to a schedule before it runs it.
struct PyTorchLowering {
  bool shards = true;         ///< gathers, drops and reduces what data-parallel replicas share
  bool joins_halves = false;  ///< an input gradient right before its weight gradient becomes a full backward
};

/// The schedule with sends and receives, as PyTorch 2.14 lowers it: every rank in turn runs its next op if
/// what that needs was sent to it; a send stands behind the op that made the data, and its receive is put at
/// the end of the other rank's list in the same moment, so that the two lists never wait for each other. At
/// most 3 stages of a rank are gathered at a time. REQUIRES: free of deadlock, one replica, no segments.
/// O(ops log ops). Source: torch/distributed/pipelining/schedules.py, by its behaviour.
RankActions pytorch_actions(const Schedule& schedule, const ScheduleShape& shape,
                            const PyTorchLowering& options = {});

/// The order in which DeepSeek's DualPipe and DualPipeV send and receive: what has to be there for an op is
/// received in one batch with what earlier ops left to be sent, right before it. Source:
/// deepseek-ai/DualPipe, by its behaviour. Shapes as dualpipe() and dualpipe_v() need them. O(ops).
RankActions dualpipe_actions(const ScheduleShape& shape);
RankActions dualpipe_v_actions(const ScheduleShape& shape);

/// One line a rank, cells separated by commas.
std::string write_csv(const RankActions& ranks, PyTorchLetters letters = PyTorchLetters::New);

}  // namespace stagecraft
