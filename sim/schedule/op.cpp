#include "sim/schedule/op.h"

#include <fmt/format.h>

#include <charconv>

namespace stagecraft {

namespace {

/// Reads a decimal number off the front of `text`; nothing where there is none or it is too large.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// Reads ".3" off the front of `text`, 0 where there is no dot; nothing where no number follows it.
std::optional<std::uint8_t> take_segment(std::string_view& text) {
  if (!text.starts_with('.')) return 0;
  text.remove_prefix(1);
  const auto segment = take_number(text);
  if (!segment || *segment >= kMaxSegments) return std::nullopt;
  return static_cast<std::uint8_t>(*segment);
}

/// Reads "(0F7;7B3)OVERLAP_F_B".
std::optional<Op> parse_fused(std::string_view text) {
  const std::size_t middle = text.find(';');
  const std::size_t close = text.find(')');
  if (close == std::string_view::npos || middle > close) return std::nullopt;
  if (text.substr(close + 1) != info(OpKind::ForwardBackward).letter) return std::nullopt;
  const auto forward = parse_op(text.substr(1, middle - 1));
  const auto backward = parse_op(text.substr(middle + 1, close - middle - 1));
  if (!forward || !backward || forward->kind != OpKind::Forward || backward->kind != OpKind::Backward)
    return std::nullopt;
  if (forward->segment > 0 || backward->segment > 0) return std::nullopt;
  return fuse(*forward, *backward);
}

}  // namespace

std::string to_string(const Op& op) {
  const OpKindInfo& kind = info(op.kind);
  if (op.kind == OpKind::ForwardBackward)
    return fmt::format("({};{}){}", to_string(forward_half(op)), to_string(backward_half(op)), kind.letter);
  if (!kind.per_microbatch) return fmt::format("{}{}", op.stage, kind.letter);
  if (op.segment > 0) return fmt::format("{}{}{}.{}", op.stage, kind.letter, op.microbatch, op.segment);
  return fmt::format("{}{}{}", op.stage, kind.letter, op.microbatch);
}

std::optional<Op> parse_op(std::string_view text) {
  if (text.starts_with('(')) return parse_fused(text);
  const auto stage = take_number(text);
  if (!stage || *stage >= kMaxStages) return std::nullopt;
  const auto letters = text.substr(0, text.find_first_of("0123456789"));
  for (const OpKindInfo& kind : op_kinds()) {
    if (kind.letter != letters) continue;
    text.remove_prefix(letters.size());
    const auto microbatch = take_number(text);
    const auto segment = take_segment(text);
    if (!text.empty() || !segment || microbatch.has_value() != kind.per_microbatch) return std::nullopt;
    Op op = make_op(kind.kind, static_cast<int>(*stage), static_cast<int>(microbatch.value_or(0)));
    op.segment = *segment;
    return op;
  }
  return std::nullopt;
}

}  // namespace stagecraft
