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

}  // namespace

std::string to_string(const Op& op) {
  const OpKindInfo& kind = info(op.kind);
  if (!kind.per_microbatch) return fmt::format("{}{}", op.stage, kind.letter);
  return fmt::format("{}{}{}", op.stage, kind.letter, op.microbatch);
}

std::optional<Op> parse_op(std::string_view text) {
  const auto stage = take_number(text);
  if (!stage || *stage >= kMaxStages) return std::nullopt;
  const auto letters = text.substr(0, text.find_first_of("0123456789"));
  for (const OpKindInfo& kind : op_kinds()) {
    if (kind.letter != letters) continue;
    text.remove_prefix(letters.size());
    const auto microbatch = take_number(text);
    if (!text.empty() || microbatch.has_value() != kind.per_microbatch) return std::nullopt;
    return make_op(kind.kind, static_cast<int>(*stage), static_cast<int>(microbatch.value_or(0)));
  }
  return std::nullopt;
}

}  // namespace stagecraft
