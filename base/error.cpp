#include "base/error.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace stagecraft {
namespace {

/// The most characters of a source line that are shown; the rest becomes "...".
constexpr std::size_t kShownCells = 100;

std::string_view line_of(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// One element per character, each safe to print; `caret` is the index of the character at a byte column.
struct Cells {
  std::vector<std::string> cells;
  std::size_t caret = 0;
};

Cells split_cells(std::string_view line, int column) {
  Cells result;
  const auto caret_byte = static_cast<std::size_t>(std::max(column - 1, 0));
  std::size_t at = 0;
  while (at < line.size()) {
    if (at <= caret_byte) result.caret = result.cells.size();
    const std::size_t step = std::max<std::size_t>(utf8_length(line, at), 1);
    result.cells.push_back(printable(line.substr(at, step)));
    at += step;
  }
  if (caret_byte >= at) result.caret = result.cells.size();  // just behind the end of the line
  return result;
}

std::size_t width(std::string_view text) {  // in characters, after escaping
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

struct Excerpt {
  std::string line;
  std::size_t caret = 0;
};

Excerpt excerpt(const Cells& cells) {
  const std::size_t count = cells.cells.size();
  const std::size_t begin = count <= kShownCells || cells.caret < kShownCells / 2
                                ? 0
                                : std::min(cells.caret - kShownCells / 2, count - kShownCells);
  const std::size_t end = std::min(begin + kShownCells, count);
  Excerpt result{.line = begin > 0 ? "..." : ""};
  for (std::size_t i = begin; i < end; ++i) {
    if (i == cells.caret) result.caret = width(result.line);
    result.line += cells.cells[i];
  }
  if (cells.caret >= end) result.caret = width(result.line);
  if (end < count) result.line += "...";
  return result;
}

bool has_line(const Place& place) {
  return place.origin && !place.origin->is_option && place.line > 0;
}

/// Characters before the place's byte column, plus one.
std::size_t character_column(const Place& place) {
  // Only the part of the line before the caret counts, and a line may be the whole file.
  const std::string_view line = line_of(place.origin->text, place.line);
  const auto bytes = std::min(line.size(), static_cast<std::size_t>(std::max(place.column - 1, 0)));
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes; ++count) at += std::max<std::size_t>(utf8_length(line, at), 1);
  return count + 1;
}

std::string source_line(const Place& place) {
  // A window of the line is enough, and keeps a file that is one long line cheap.
  constexpr std::size_t kWindow = 4096;
  std::string_view line = line_of(place.origin->text, place.line);
  int column = place.column;
  if (static_cast<std::size_t>(column) > kWindow) {
    line.remove_prefix(std::min(line.size(), static_cast<std::size_t>(column) - kWindow));
    column = static_cast<int>(kWindow);
  }
  const Cells cells = split_cells(line.substr(0, 2 * kWindow), column);
  const Excerpt shown = excerpt(cells);
  const std::string number = fmt::format("{:>5}", place.line);
  return fmt::format("\n{} | {}\n{} | {}^", number, shown.line, std::string(number.size(), ' '),
                     std::string(shown.caret, ' '));
}

std::string render(const Place& place, const std::string& message, const std::vector<std::string>& hints) {
  const bool option = place.origin && place.origin->is_option;
  std::string text = place.origin ? to_string(place) + (option ? ": " : ": error: ") : "";
  text += printable(message);
  if (has_line(place)) text += source_line(place);
  const std::size_t gutter =
      std::max<std::size_t>(5, has_line(place) ? std::to_string(place.line).size() : 0) + 1;
  for (const std::string& hint : hints)
    text += fmt::format("\n{}= {}", std::string(gutter, ' '), printable(hint));
  return text;
}

}  // namespace

std::string to_string(const Place& place) {
  if (!place.origin) return {};
  if (!has_line(place)) return printable(place.origin->name);
  return fmt::format("{}:{}:{}", printable(place.origin->name), place.line, character_column(place));
}

InputError::InputError(const std::string& text) : std::runtime_error(text), message_(text) {}

InputError::InputError(Place place, std::string message, std::vector<std::string> hints)
    : std::runtime_error(render(place, message, hints)),
      place_(std::move(place)),
      message_(std::move(message)),
      hints_(std::move(hints)) {}

InputError file_error(std::string_view file, std::string message, std::vector<std::string> hints) {
  auto origin = std::make_shared<Origin>(Origin{.name = std::string(file)});
  return InputError(Place{.origin = std::move(origin)}, std::move(message), std::move(hints));
}

}  // namespace stagecraft
