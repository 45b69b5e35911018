#include "base/csv.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace stagecraft {

CsvLines::CsvLines(std::shared_ptr<const Origin> origin, std::size_t offset, int first_line)
    : origin_(std::move(origin)), rest_(origin_->text), line_(first_line - 1) {
  rest_.remove_prefix(offset);
}

std::string_view CsvLines::peek() const {
  std::string_view line = rest_.substr(0, rest_.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view CsvLines::next() {
  current_ = peek();
  const std::size_t end = rest_.find('\n');
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  ++line_;
  return current_;
}

std::vector<std::string_view> CsvLines::cells() const {
  std::vector<std::string_view> cells;
  for (std::string_view line = current_;;) {
    const std::size_t comma = line.find(',');
    cells.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

double CsvLines::positive(std::string_view cell) const {
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error == std::errc{} && end == cell.data() + cell.size() && std::isfinite(value) && value > 0)
    return value;
  throw InputError(place(cell), fmt::format("'{}' is no number above 0", cell));
}

Place CsvLines::place(std::string_view cell) const {
  return {origin_, line_, static_cast<int>(cell.data() - current_.data()) + 1};
}

}  // namespace stagecraft
