#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace stagecraft {

/// What an op does. The letters and names are in op_kinds(); PyTorch's letters are used (F, B, I, W).
enum class OpKind : std::uint8_t {
  Forward,          ///< F: forward of one stage and micro-batch
  Backward,         ///< B: full backward, input and weight gradient together
  InputGradient,    ///< I: backward for the input only
  WeightGradient,   ///< W: backward for the weights only, after I
  ForwardBackward,  ///< F of one micro-batch and B of another run as one op, which hides their communication
  SendForward,      ///< the rank is held while it sends a stage's output (blocking transfers)
  SendBackward,     ///< the rank is held while it sends a stage's input gradient (blocking transfers)
  Evict,            ///< starts to send a micro-batch's activations to the rank that keeps them meanwhile
  Host,             ///< on that rank: room for them
  Return,           ///< on that rank: starts to send them back, when they have come
  Fetch,            ///< room for them again; the backward waits until they have come
  ReduceGradient,   ///< gradient all-reduce (or reduce-scatter) over the data-parallel group
  Optimizer,        ///< optimizer step of a stage
};
inline constexpr int kOpKinds = 13;

/// What a kind of op is called and how it is drawn and written.
struct OpKindInfo {
  OpKind kind;
  std::string_view letter;  ///< in op names and PyTorch's CSV: `2F0`, `0REDUCE_GRAD`
  std::string_view name;    ///< in words, for legends and traces
  bool per_microbatch;      ///< false: once a step, printed without a micro-batch
  bool compute;             ///< counts as the rank's work; false: communication that holds the rank
};

/// One entry per OpKind, in the order of the enumeration.
inline constexpr std::array<OpKindInfo, kOpKinds> kOpKindTable{{
    {OpKind::Forward, "F", "forward", true, true},
    {OpKind::Backward, "B", "backward", true, true},
    {OpKind::InputGradient, "I", "input gradient", true, true},
    {OpKind::WeightGradient, "W", "weight gradient", true, true},
    {OpKind::ForwardBackward, "OVERLAP_F_B", "forward and backward", true, true},
    {OpKind::SendForward, "SEND_F", "send activation", true, false},
    {OpKind::SendBackward, "SEND_B", "send gradient", true, false},
    {OpKind::Evict, "EVICT", "evict activations", true, false},
    {OpKind::Host, "HOST", "host activations", true, false},
    {OpKind::Return, "RETURN", "return activations", true, false},
    {OpKind::Fetch, "FETCH", "fetch activations", true, false},
    {OpKind::ReduceGradient, "REDUCE_GRAD", "gradient reduction", false, false},
    {OpKind::Optimizer, "OPTIMIZER", "optimizer", false, true},
}};
constexpr std::span<const OpKindInfo> op_kinds() {
  return kOpKindTable;
}
constexpr const OpKindInfo& info(OpKind kind) {
  return kOpKindTable[static_cast<std::size_t>(kind)];
}

/// One piece of work of one rank: a kind, a stage and a micro-batch. Compact, since schedules hold up to
/// 10^8 of them: 16 bytes. `stage` is the global stage (0..p*v-1), not the chunk on the rank.
struct Op {
  std::uint32_t microbatch = 0;
  std::uint32_t partner_microbatch = 0;  ///< of the backward half of a fused op; otherwise 0
  std::uint16_t stage = 0;
  std::uint16_t partner_stage = 0;  ///< of the backward half of a fused op; otherwise 0
  OpKind kind = OpKind::Forward;
  std::uint8_t replica = 0;  ///< copy of the model that the micro-batch runs through, where there are several
  std::uint8_t partner_replica = 0;  ///< of the backward half of a fused op; otherwise 0
  std::uint8_t segment = 0;          ///< part of the micro-batch's sequence, where it runs in several

  bool operator==(const Op&) const = default;
};
static_assert(sizeof(Op) == 16);

/// The most stages and segments that fit an Op.
inline constexpr int kMaxStages = 65535;
inline constexpr int kMaxSegments = 256;

constexpr Op make_op(OpKind kind, int stage, int microbatch = 0) {
  return {.microbatch = static_cast<std::uint32_t>(microbatch),
          .stage = static_cast<std::uint16_t>(stage),
          .kind = kind};
}

/// `forward` and the full backward `backward` as one op.
constexpr Op fuse(const Op& forward, const Op& backward) {
  Op op = forward;
  op.kind = OpKind::ForwardBackward;
  op.partner_microbatch = backward.microbatch;
  op.partner_stage = backward.stage;
  op.partner_replica = backward.replica;
  return op;
}
/// The halves of a fused op.
constexpr Op forward_half(const Op& op) {
  return {.microbatch = op.microbatch, .stage = op.stage, .kind = OpKind::Forward, .replica = op.replica};
}
constexpr Op backward_half(const Op& op) {
  return {.microbatch = op.partner_microbatch,
          .stage = op.partner_stage,
          .kind = OpKind::Backward,
          .replica = op.partner_replica};
}

/// Whether the op runs a forward, a backward for the input, alone or as part of it.
constexpr bool has_forward(OpKind kind) {
  return kind == OpKind::Forward || kind == OpKind::ForwardBackward;
}
constexpr bool has_input_gradient(OpKind kind) {
  return kind == OpKind::Backward || kind == OpKind::InputGradient || kind == OpKind::ForwardBackward;
}

/// Whether the op is about a stage of another rank than the one that runs it.
constexpr bool for_another_rank(OpKind kind) {
  return kind == OpKind::Host || kind == OpKind::Return;
}

/// PyTorch's notation: stage, letter, micro-batch: "2F0", "0REDUCE_GRAD", "(0F7;7B3)OVERLAP_F_B". PyTorch has
/// no segments; here they follow the micro-batch: "2F0.1".
std::string to_string(const Op& op);

/// Reads PyTorch's notation; nothing where `text` is no op.
std::optional<Op> parse_op(std::string_view text);

}  // namespace stagecraft
