#include "profiles/attach/capture_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace stagecraft {

namespace {

/// A cell ends at a tab, a line at its end.
std::string cell(std::string_view text) {
  std::string result(text);
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return result;
}

template <class... Values>
void line(std::string& text, char letter, const Values&... values) {
  text += letter;
  (fmt::format_to(std::back_inserter(text), "\t{}", values), ...);
  text += '\n';
}

void count(std::string& text, char letter, std::size_t number) {
  if (number > 0) line(text, letter, number);
}

}  // namespace

std::string CaptureText::header(std::uint32_t process) {
  return fmt::format("# stagecraft_capture: 1, process {}\n", process);
}

std::string CaptureText::error(std::string_view text) {
  return fmt::format("x\t{}\n", cell(text));
}

std::string CaptureText::lines(const Capture& capture) {
  std::string text;
  for (const DeviceSpan& s : capture.spans) {
    if (s.kind == DeviceSpan::Kind::Kernel) {
      const std::size_t number = name(s.name, text);
      line(text, 'k', s.correlation, s.start_ns, s.end_ns, s.stream, s.graph, number);
    } else if (s.kind == DeviceSpan::Kind::Copy) {
      line(text, 'c', s.correlation, s.start_ns, s.end_ns, s.stream, s.bytes, int{s.copy_kind},
           int{s.pageable_host});
    } else {
      line(text, 'f', s.correlation, s.start_ns, s.end_ns, s.stream, s.bytes);
    }
  }
  for (const std::uint32_t correlation : capture.bad_times) line(text, 'z', correlation);
  for (const ApiSpan& a : capture.calls)
    line(text, 'a', a.correlation, a.call, int{a.runtime}, a.start_ns, a.end_ns, a.thread);
  for (const OverheadSpan& o : capture.overheads) line(text, 'o', o.kind, o.start_ns, o.end_ns);
  for (const RangeMark& mark : capture.marks) {
    if (mark.kind == RangeMark::Kind::Start) {
      const std::size_t number = name(mark.name, text);
      line(text, 's', mark.id, mark.time_ns, mark.thread, number);
    } else {
      line(text, 'p', mark.id, mark.time_ns, mark.thread);
    }
  }
  count(text, 'm', capture.bad_marks);
  count(text, 'u', capture.unknown);
  count(text, 'd', capture.dropped);
  return text;
}

std::size_t CaptureText::name(const std::string& name, std::string& text) {
  const auto [at, is_new] = names_.emplace(name, names_.size());
  if (is_new) line(text, 'n', at->second, cell(name));
  return at->second;
}

}  // namespace stagecraft
