#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stagecraft {

/// Length in bytes of the well-formed UTF-8 sequence that starts at `text[at]` (Unicode 15, table 3-7: no
/// overlong forms, no surrogates, nothing above U+10FFFF); 0 where there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);

/// Offset of the first byte that is not well-formed UTF-8; npos where all of `text` is.
std::size_t find_invalid_utf8(std::string_view text);

/// `text` made safe for a terminal: control characters and invalid bytes as `\t`, `\x1b`, `\xff`.
std::string printable(std::string_view text);

/// `text` as it is quoted in an error: printable, in single quotes, cut after 40 characters with "...".
std::string in_quotes(std::string_view text);

/// "1 rank", "4 ranks", "2 branches".
std::string counted(std::int64_t count, std::string_view noun);

/// The parts between `by`, empty ones too; at least one.
std::vector<std::string_view> split(std::string_view text, char by);

/// The parts in one text: "a, b, c".
std::string join(std::span<const std::string_view> parts, std::string_view separator);

}  // namespace stagecraft
