#pragma once

#include <string_view>

namespace stagecraft::detail {

/// Remembers a temporary file that a signal handler must remove. Returns its slot, or -1 where all 64 slots
/// are taken or the name is too long: the file then only lacks that protection.
int remember_pending(std::string_view path) noexcept;
void forget_pending(int slot) noexcept;

}  // namespace stagecraft::detail
