#include "base/chrome_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <nlohmann/json.hpp>
#include <streambuf>

#include "base/error.h"
#include "base/json.h"
#include "base/packed_file.h"
#include "base/text.h"
#include "base/trace_text.h"

namespace stagecraft {

namespace {

/// "a day", "146 years".
std::string limit_text(Duration limit) {
  if (limit == std::chrono::hours(24)) return "a day";
  return fmt::format("{} years", limit / std::chrono::hours(8766));
}

/// The unpacked bytes of a file as a stream, and in which line the part at hand is.
class TraceBytes : public std::streambuf {
 public:
  explicit TraceBytes(const std::string& path) : file_(path) {}

  /// Of the byte with this number, from 1, which must be in the part at hand or behind it.
  int line_of(std::size_t byte) const {
    return line_ + lines_before(std::min(byte > start_ ? byte - start_ : 0, size_));
  }
  /// Whether there is nothing behind the byte with this number.
  bool ends_at(std::size_t byte) const { return at_end_ && byte >= start_ + size_; }

 protected:
  int_type underflow() override {
    line_ += lines_before(size_);
    start_ += size_;
    size_ = file_.read(buffer_);
    at_end_ = size_ == 0;
    setg(buffer_.data(), buffer_.data(), buffer_.data() + size_);
    return at_end_ ? traits_type::eof() : traits_type::to_int_type(buffer_[0]);
  }

 private:
  int lines_before(std::size_t offset) const {
    return static_cast<int>(std::count(buffer_.data(), buffer_.data() + offset, '\n'));
  }

  PackedFile file_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{1} << 16);
  std::size_t start_ = 0;  // bytes before the part at hand
  std::size_t size_ = 0;
  int line_ = 1;  // at the start of the part
  bool at_end_ = false;
};

/// Takes the parser's calls and keeps what the filter wants.
class TraceHandler {
 public:
  TraceHandler(const std::string& path, const TraceBytes& bytes, const TraceFilter& filter)
      : path_(path), bytes_(bytes), filter_(filter) {}

  ChromeTrace take() {
    if (!found_events_)
      throw file_error(path_, "is no trace: it has no 'traceEvents'",
                       {"such a file is written by torch.profiler's export_chrome_trace()"});
    return std::move(trace_);
  }

  // What the parser calls.
  bool null() { return scalar("null", false); }
  bool boolean(bool value) { return scalar(value ? "true" : "false", false); }
  bool number_integer(std::int64_t value) { return scalar(fmt::format_int(value).c_str(), false); }
  bool number_unsigned(std::uint64_t value) { return scalar(fmt::format_int(value).c_str(), false); }
  bool number_float(double, const std::string& text) { return scalar(text, false); }
  bool string(const std::string& text) { return scalar(text, true); }
  bool binary(const nlohmann::json::binary_t&) { return true; }
  bool start_object(std::size_t) { return open('{'); }
  bool end_object() { return close('}'); }
  bool start_array(std::size_t) { return open('['); }
  bool end_array() { return close(']'); }
  bool key(const std::string& name);
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::detail::exception& error) const;

 private:
  enum class At : std::uint8_t { Document, Events, Event, Args, Argument, Info, Skipped };

  bool scalar(std::string_view text, bool is_string);
  bool open(char bracket);
  bool close(char bracket);
  At inside(char bracket);
  void set_document(std::string_view text);
  void set_event(std::string_view text, bool is_string);
  void set_info(std::string_view text, bool is_string);
  void begin_argument();
  void begin_argument_value();
  void argument_value(std::string_view text, bool is_string);
  void set_number(std::int64_t& member, std::string_view text);
  Duration time_of(std::string_view text, Duration most) const;
  bool is_wanted_argument() const;
  void finish_event();
  std::string_view kept(std::string_view text);

  const std::string& path_;
  const TraceBytes& bytes_;
  const TraceFilter& filter_;
  ChromeTrace trace_;
  std::vector<At> levels_;
  std::string key_;
  std::string info_;  // the key of the document whose value is read
  bool found_events_ = false;
  // The event at hand.
  TraceEvent event_;
  std::string name_, category_, args_;
  char phase_ = 0;  // 0: none, or one of several letters
};

bool TraceHandler::key(const std::string& name) {
  if (levels_.back() == At::Skipped) return true;
  if (levels_.back() == At::Document) info_ = name;
  if (levels_.back() == At::Argument) {  // an object as an argument
    begin_argument_value();
    args_ += '"';
    append_json_text(args_, name);
    args_ += "\":";
  }
  key_ = name;
  return true;
}

TraceHandler::At TraceHandler::inside(char bracket) {
  if (levels_.empty()) return bracket == '{' ? At::Document : At::Events;
  switch (levels_.back()) {
    case At::Document:
      if (key_ == "traceEvents" && bracket == '[') return At::Events;
      return key_ == "deviceProperties" || key_ == "distributedInfo" ? At::Info : At::Skipped;
    case At::Events:
      return bracket == '{' ? At::Event : At::Skipped;
    case At::Event:
      return key_ == "args" && bracket == '{' ? At::Args : At::Skipped;
    case At::Args:
      return is_wanted_argument() ? At::Argument : At::Skipped;
    default:
      return levels_.back();
  }
}

bool TraceHandler::open(char bracket) {
  const At at = inside(bracket);
  if (at == At::Events) found_events_ = true;
  if (at == At::Event) {
    event_ = {};
    name_.clear(), category_.clear(), args_.clear();
    phase_ = 0;
  }
  if (at == At::Info && bracket == '{' && info_ == "deviceProperties") trace_.devices.emplace_back();
  if (at == At::Argument) {
    if (levels_.back() == At::Args)
      begin_argument();
    else
      begin_argument_value();
    args_ += bracket;
  }
  levels_.push_back(at);
  return true;
}

bool TraceHandler::close(char bracket) {
  const At at = levels_.back();
  levels_.pop_back();
  if (at == At::Event) finish_event();
  if (at != At::Argument) return true;
  args_ += bracket;
  if (levels_.back() == At::Args) args_ += '\n';
  return true;
}

bool TraceHandler::scalar(std::string_view text, bool is_string) {
  if (levels_.empty()) return true;
  switch (levels_.back()) {
    case At::Document:
      set_document(text);
      return true;
    case At::Event:
      set_event(text, is_string);
      return true;
    case At::Args:
      if (key_ == "correlation") set_number(event_.correlation, text);
      if (key_ == "External id" || key_ == "external id") set_number(event_.external_id, text);
      if (key_ == "device") set_number(event_.device, text);
      if (key_ == "stream") set_number(event_.stream, text);
      if (!is_wanted_argument()) return true;
      begin_argument();
      argument_value(text, is_string);
      args_ += '\n';
      return true;
    case At::Argument:
      begin_argument_value();
      argument_value(text, is_string);
      return true;
    case At::Info:
      set_info(text, is_string);
      return true;
    default:
      return true;
  }
}

/// Escaped, so that neither of the two separators stands in a name.
void TraceHandler::begin_argument() {
  append_json_text(args_, key_);
  args_ += '\t';
}

/// A comma where the value is not the first of its brackets.
void TraceHandler::begin_argument_value() {
  const char last = args_.back();
  if (last != '[' && last != '{' && last != ':') args_ += ',';
}

void TraceHandler::argument_value(std::string_view text, bool is_string) {
  if (!is_string) {
    args_ += text;
    return;
  }
  args_ += '"';
  append_json_text(args_, text);
  args_ += '"';
}

void TraceHandler::set_number(std::int64_t& member, std::string_view text) {
  member = integer_of(text).value_or(-1);
}

Duration TraceHandler::time_of(std::string_view text, Duration most) const {
  const auto time = from_microseconds(text);
  if (time && *time <= most && *time >= -most) return *time;
  throw file_error(
      path_, fmt::format("'{}' is no time in microseconds, or one of more than {}", text, limit_text(most)));
}

void TraceHandler::set_document(std::string_view text) {
  if (key_ == "baseTimeNanoseconds") trace_.base_time = Duration{integer_of(text).value_or(0)};
  if (key_ == "cuda_runtime_version") set_number(trace_.cuda_runtime, text);
  if (key_ == "cuda_driver_version") set_number(trace_.cuda_driver, text);
}

void TraceHandler::set_event(std::string_view text, bool is_string) {
  if (key_ == "ph") phase_ = is_string && text.size() == 1 ? text[0] : '\0';
  if (key_ == "id") set_number(event_.id, text);
  if (key_ == "name") name_ = text;
  if (key_ == "cat") category_ = text;
  if (key_ == "pid") set_number(event_.pid, text);
  if (key_ == "tid") set_number(event_.tid, text);
  if (key_ == "ts" && !is_string) event_.start = time_of(text, filter_.most_start);
  if (key_ == "dur" && !is_string)
    event_.duration = std::max(time_of(text, filter_.most_duration), Duration{0});
}

void TraceHandler::set_info(std::string_view text, bool is_string) {
  if (info_ == "distributedInfo") {
    if (key_ == "rank") set_number(trace_.rank, text);
    if (key_ == "world_size") set_number(trace_.world_size, text);
  } else if (!trace_.devices.empty()) {
    if (key_ == "id") set_number(trace_.devices.back().id, text);
    if (key_ == "name" && is_string) trace_.devices.back().name = text;
  }
}

bool TraceHandler::is_wanted_argument() const {
  if (filter_.counter_args && phase_ == 'C') return true;
  return std::find(filter_.args.begin(), filter_.args.end(), key_) != filter_.args.end();
}

std::string_view TraceHandler::kept(std::string_view text) {
  if (text.empty()) return {};
  const auto found = trace_.texts.find(text);
  return found != trace_.texts.end() ? *found : *trace_.texts.emplace(text).first;
}

void TraceHandler::finish_event() {
  const auto& wanted = filter_.categories;
  if (phase_ == 0 || filter_.phases.find(phase_) == std::string_view::npos ||
      (!wanted.empty() && std::find(wanted.begin(), wanted.end(), category_) == wanted.end()))
    return;
  if (event_.start > Duration::max() - event_.duration)
    throw file_error(path_, fmt::format("event {} ends after more than {}", in_quotes(name_),
                                        limit_text(Duration::max())));
  event_.phase = phase_;
  event_.name = kept(name_);
  event_.category = kept(category_);
  event_.args = kept(args_);
  trace_.events.push_back(event_);
}

bool TraceHandler::parse_error(std::size_t byte, const std::string&,
                               const nlohmann::detail::exception& error) const {
  if (bytes_.ends_at(byte) && byte <= 1)
    throw file_error(path_, "is empty", {"a trace is written by torch.profiler's export_chrome_trace()"});
  const int line = bytes_.line_of(byte);
  if (bytes_.ends_at(byte))
    throw file_error(path_,
                     fmt::format("ends in the middle of its JSON, after byte {} (line {})", byte - 1, line),
                     {"it was cut off: write it again, and wait for export_chrome_trace() to return"});
  const std::string what = error.what();
  const std::size_t detail = what.find(": ");  // behind the parser's own number and place
  throw file_error(path_,
                   fmt::format("is no JSON (byte {}, line {}): {}", byte, line,
                               detail == std::string::npos ? what : what.substr(detail + 2)),
                   {"a trace is written by torch.profiler's export_chrome_trace()"});
}

}  // namespace

ChromeTrace read_chrome_trace(const std::string& path, const TraceFilter& filter) {
  TraceBytes bytes(path);
  std::istream in(&bytes);
  TraceHandler handler(path, bytes, filter);
  nlohmann::json::sax_parse(in, &handler);
  return handler.take();
}

}  // namespace stagecraft
