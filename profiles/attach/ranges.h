#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "profiles/capture/records.h"

namespace stagecraft {

/// One instance of an NVTX range: open from start_ns to before end_ns on the thread that began it.
struct Range {
  static constexpr std::uint64_t kNeverEnded = std::numeric_limits<std::uint64_t>::max();

  std::uint32_t thread = 0;
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = kNeverEnded;
  /// Its end is known: not where the program ended inside it, or where two open ranges had one id.
  bool whole = false;
  std::string name;
};

/// The ranges of a capture, by thread, then as they open: of two that open at once, the one that ends later
/// is the outer one. Marks may come in any order. `unmatched`: ends without a start are counted there.
std::vector<Range> pair_marks(const std::vector<RangeMark>& marks, std::size_t& unmatched);

/// Answers which range is the innermost one, and what it is called.
class RangeStacks {
 public:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  struct Moment {
    std::uint32_t thread = 0;
    std::uint64_t time_ns = 0;
  };

  /// `ranges` as pair_marks() returns them.
  explicit RangeStacks(std::vector<Range> ranges);

  const std::vector<Range>& ranges() const { return ranges_; }
  /// Of each moment, the number of the innermost range that is open on its thread, or kNone. Ranges that
  /// overlap without nesting: the one that began last. O((ranges + moments) log moments).
  std::vector<std::size_t> innermost(const std::vector<Moment>& moments);
  /// The operator names from the outermost range to this one: "step/forward". REQUIRES: innermost() ran.
  const std::string& path(std::size_t range) const { return paths_[range]; }

 private:
  void open(std::size_t range, std::vector<std::size_t>& stack);

  std::vector<Range> ranges_;
  std::vector<std::string> paths_;
};

}  // namespace stagecraft
