#include "profiles/attach/capture_file.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <istream>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace stagecraft {

namespace {

constexpr std::string_view kFirstLine = "# stagecraft_capture: 1, process ";

/// Why a line is none of CaptureText's; the reader adds where.
struct BadLine {};

/// The cells of one line, from the left.
class Cells {
 public:
  explicit Cells(std::string_view line) : rest_(line) {}

  std::string_view text() {
    if (done_) throw BadLine{};
    const std::size_t tab = rest_.find('\t');
    const std::string_view cell = rest_.substr(0, tab);
    done_ = tab == std::string_view::npos;
    rest_ = done_ ? std::string_view() : rest_.substr(tab + 1);
    return cell;
  }
  template <class Number>
  void read(Number& value) {
    const std::string_view cell = text();
    const char* end = cell.data() + cell.size();
    const auto [stopped, error] = std::from_chars(cell.data(), end, value);
    if (error != std::errc{} || stopped != end) throw BadLine{};
  }
  void read(bool& value) {
    unsigned number = 0;
    read(number);
    value = number != 0;
  }
  template <class... Values>
  void read_all(Values&... values) {
    (read(values), ...);
    expect_end();
  }
  void expect_end() const {
    if (!done_) throw BadLine{};
  }

 private:
  std::string_view rest_;
  bool done_ = false;
};

class Reader {
 public:
  void line(std::string_view text) {
    Cells cells(text);
    const std::string_view letter = cells.text();
    if (letter.size() != 1) throw BadLine{};
    record(letter[0], cells);
  }
  ProcessCapture result;

 private:
  Capture& capture() { return result.capture; }

  void record(char letter, Cells& cells) {
    switch (letter) {
      case 'n':
        return add_name(cells);
      case 'k':
      case 'c':
      case 'f':
        return add_span(letter, cells);
      case 'z':
        return cells.read_all(capture().bad_times.emplace_back());
      case 'a': {
        ApiSpan& a = capture().calls.emplace_back();
        return cells.read_all(a.correlation, a.call, a.runtime, a.start_ns, a.end_ns, a.thread);
      }
      case 'o': {
        OverheadSpan& o = capture().overheads.emplace_back();
        return cells.read_all(o.kind, o.start_ns, o.end_ns);
      }
      case 's':
      case 'p':
        return add_mark(letter, cells);
      case 'm':
        return add_count(capture().bad_marks, cells);
      case 'u':
        return add_count(capture().unknown, cells);
      case 'd':
        return add_count(capture().dropped, cells);
      case 'x':
        result.error = cells.text();
        return cells.expect_end();
      case 'e':
        result.complete = true;
        return cells.expect_end();
      default:
        throw BadLine{};
    }
  }

  void add_name(Cells& cells) {
    std::size_t number = 0;
    cells.read(number);
    if (number != names_.size()) throw BadLine{};
    names_.emplace_back(cells.text());
    cells.expect_end();
  }

  const std::string& name(std::size_t number) const {
    if (number >= names_.size()) throw BadLine{};
    return names_[number];
  }

  void add_span(char letter, Cells& cells) {
    DeviceSpan s;
    std::size_t number = 0;
    cells.read(s.correlation);
    cells.read(s.start_ns);
    cells.read(s.end_ns);
    cells.read(s.stream);
    if (letter == 'k') {
      cells.read_all(s.graph, number);
      s.name = name(number);
    } else if (letter == 'c') {
      s.kind = DeviceSpan::Kind::Copy;
      cells.read_all(s.bytes, s.copy_kind, s.pageable_host);
    } else {
      s.kind = DeviceSpan::Kind::Fill;
      cells.read_all(s.bytes);
    }
    if (s.end_ns < s.start_ns) throw BadLine{};
    capture().spans.push_back(std::move(s));
  }

  void add_mark(char letter, Cells& cells) {
    RangeMark mark;
    if (letter == 's') {
      std::size_t number = 0;
      cells.read_all(mark.id, mark.time_ns, mark.thread, number);
      mark.name = name(number);
    } else {
      mark.kind = RangeMark::Kind::End;
      cells.read_all(mark.id, mark.time_ns, mark.thread);
    }
    capture().marks.push_back(std::move(mark));
  }

  static void add_count(std::size_t& count, Cells& cells) {
    std::size_t more = 0;
    cells.read_all(more);
    count += more;
  }

  std::vector<std::string> names_;
};

}  // namespace

ProcessCapture parse_capture(std::istream& in, const std::string& name) {
  Reader reader;
  std::string line;
  std::size_t number = 0;
  // A last line that eof ended was cut off in the middle.
  while (std::getline(in, line) && !in.eof()) {
    ++number;
    try {
      if (number > 1)
        reader.line(line);
      else if (line.starts_with(kFirstLine))
        Cells(std::string_view(line).substr(kFirstLine.size())).read_all(reader.result.process);
      else
        throw BadLine{};
    } catch (const BadLine&) {
      throw file_error(name, fmt::format("line {} is none of a capture", number));
    }
  }
  return std::move(reader.result);
}

ProcessCapture read_capture(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw file_error(path, "cannot be read");
  return parse_capture(in, path);
}

}  // namespace stagecraft
