#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace stagecraft {

/// Lines of comma-separated cells, and errors that point into them. No quotes, no escapes: cells are numbers
/// and plain names.
class CsvLines {
 public:
  /// From `offset` on; `first_line` is the number of the line that stands there, for errors.
  explicit CsvLines(std::shared_ptr<const Origin> origin, std::size_t offset = 0, int first_line = 1);

  bool done() const { return rest_.empty(); }
  /// The next line without its end (\n or \r\n), which is also kept for the calls below.
  std::string_view next();
  /// What next() will return.
  std::string_view peek() const;

  /// The cells of the line at hand. They live as long as the origin's text.
  std::vector<std::string_view> cells() const;
  /// A finite number above 0. Throws InputError at the cell, which must be one of cells().
  double positive(std::string_view cell) const;
  /// Where a cell of the line at hand stands.
  Place place(std::string_view cell) const;
  Place place() const { return {origin_, line_, 1}; }

 private:
  std::shared_ptr<const Origin> origin_;
  std::string_view rest_;
  std::string_view current_;
  int line_;
};

}  // namespace stagecraft
