#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "profiles/capture/records.h"

namespace stagecraft {

/// A capture as lines of text, in the order in which records come, so that a process can write while it runs
/// and what it wrote before it crashed can be read. Cells are separated by tabs; the first is a letter:
///
///     n NUMBER TEXT                               a name that later lines use
///     k CORRELATION START END STREAM GRAPH NAME   a kernel; times in ns
///     c CORRELATION START END STREAM BYTES KIND PAGEABLE                  a copy
///     f CORRELATION START END STREAM BYTES        a fill
///     z CORRELATION                               a record without times
///     a CORRELATION CALL RUNTIME START END THREAD a call of CUDA's interface
///     o KIND START END                            CUPTI at work
///     s ID TIME THREAD NAME, p ID TIME THREAD     the two ends of a range
///     m COUNT, u COUNT, d COUNT                   bad marks, unknown and dropped records, to be added up
///     x TEXT                                      why there is nothing more
///     e                                           the end: the process had time to write all
///
/// Operators' ids are not written: a traced program has none.
class CaptureText {
 public:
  /// The first line, with the number of the process.
  static std::string header(std::uint32_t process);
  static std::string error(std::string_view text);
  static std::string end() { return "e\n"; }

  /// The records of `capture`, with the names that no earlier call has written.
  std::string lines(const Capture& capture);

 private:
  std::size_t name(const std::string& name, std::string& text);

  std::unordered_map<std::string, std::size_t> names_;  // looked up only, never walked
};

}  // namespace stagecraft
