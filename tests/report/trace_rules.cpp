#include "trace_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "sim/report/trace.h"

namespace stagecraft {

namespace {

using Json = nlohmann::json;
using Track = std::pair<std::int64_t, std::int64_t>;

struct Slice {
  std::int64_t start;
  std::int64_t end;
};

struct Event {
  const Json* source;  ///< never null
  std::size_t index;
  std::string phase;
  std::int64_t pid = 0;
  std::int64_t tid = 0;
  std::int64_t time = 0;  ///< ns

  const Json& json() const { return *source; }
};

class Checker {
 public:
  std::vector<std::string> check(std::string_view text) {
    const Json trace = Json::parse(text, nullptr, false);
    if (trace.is_discarded()) return {"not JSON"};
    if (!trace.contains("traceEvents") || !trace["traceEvents"].is_array()) return {"no traceEvents"};
    std::vector<Event> events = read(trace["traceEvents"]);
    for (const Event& event : events) check_in_file_order(event);
    check_names();
    // Perfetto sorts by time; events of one time keep the order of the file.
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.time < b.time; });
    for (const Event& event : events) check_in_time_order(event);
    check_arrows_closed();
    return std::move(broken_);
  }

 private:
  void broken(std::size_t event, std::string_view rule) {
    broken_.push_back(fmt::format("event {}: {}", event, rule));
  }

  std::vector<Event> read(const Json& list) {
    std::vector<Event> events;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Event event{.source = &list[i], .index = i, .phase = list[i].value("ph", "")};
      event.pid = read_id(event, "pid");
      const bool has_thread = event.phase != "C" && list[i].value("name", "").rfind("process_", 0) != 0;
      if (has_thread) event.tid = read_id(event, "tid");
      if (event.phase == "M") {
        check_metadata(event);
      } else {
        event.time = read_time(event, "ts");
        events.push_back(event);
      }
    }
    return events;
  }

  std::int64_t read_id(const Event& event, const char* key) {
    const auto found = event.json().find(key);
    if (found == event.json().end() || !found->is_number_integer())
      return broken(event.index, fmt::format("{} is no integer", key)), 0;
    const auto id = found->get<std::int64_t>();
    if (id < 1 || id > 0xFFFFFFFFll) broken(event.index, fmt::format("{} is {}", key, id));
    return id;
  }

  /// Microseconds as Perfetto reads them: times 1000, rounded to ns.
  std::int64_t read_time(const Event& event, const char* key) {
    const auto found = event.json().find(key);
    if (found == event.json().end() || !found->is_number())
      return broken(event.index, fmt::format("{} is no number", key)), 0;
    const double nanoseconds = found->get<double>() * 1000;
    if (nanoseconds < 0) broken(event.index, fmt::format("{} is negative", key));
    if (std::abs(nanoseconds - std::round(nanoseconds)) > 1e-3 * std::max(1.0, nanoseconds * 1e-12)) {
      broken(event.index, fmt::format("{} is finer than a nanosecond", key));
    }
    return std::llround(nanoseconds);
  }

  void check_metadata(const Event& event) {
    const std::string name = event.json().value("name", "");
    if (event.json().contains("ts")) broken(event.index, "metadata has a ts");
    const Json args = event.json().value("args", Json::object());
    if (name == "process_name" || name == "thread_name") {
      if (!args.contains("name") || !args["name"].is_string()) broken(event.index, "no name");
      named_.insert({event.pid, event.tid});
    } else if (name == "process_sort_index" || name == "thread_sort_index") {
      if (!args.contains("sort_index") || !args["sort_index"].is_number_integer())
        broken(event.index, "no integer sort_index");
    } else if (name == kTraceCut) {  // which viewers pass over
      for (const char* number : {"first_rank", "last_rank", "ranks"})
        if (!args.contains(number) || !args[number].is_number_integer())
          broken(event.index, fmt::format("no integer {}", number));
    } else {
      broken(event.index, "unknown metadata " + name);
    }
  }

  void check_in_file_order(const Event& event) {
    used_.insert({{event.pid, 0}, event.index});
    if (event.phase == "X") {
      used_.insert({{event.pid, event.tid}, event.index});
      auto& last = last_in_file_[{event.pid, event.tid, ""}];
      if (event.time < last) broken(event.index, "slice is before the one above it");
      last = event.time;
    } else if (event.phase == "C") {
      auto& last = last_in_file_[{event.pid, 0, event.json().value("name", "")}];
      if (event.time < last) broken(event.index, "counter is before the one above it");
      last = event.time;
    } else if (event.phase != "s" && event.phase != "f") {
      broken(event.index, "unknown phase '" + event.phase + "'");
    }
  }

  void check_names() {
    for (const auto& [track, event] : used_) {
      if (!named_.contains(track))
        broken(event, fmt::format("pid {} tid {} has no name", track.first, track.second));
    }
  }

  void check_in_time_order(const Event& event) {
    if (event.phase == "X") push_slice(event);
    if (event.phase == "s") start_arrow(event);
    if (event.phase == "f") end_arrow(event);
    if (event.phase == "C") check_counter(event);
  }

  void push_slice(const Event& event) {
    const Slice slice{event.time, event.time + read_time(event, "dur")};
    auto& stack = open_[{event.pid, event.tid}];
    while (!stack.empty() && stack.back().end <= slice.start) stack.pop_back();
    if (!stack.empty() && slice.end > stack.back().end)
      broken(event.index, "slice overlaps another and does not nest");
    stack.push_back(slice);
  }

  /// The slice that an arrow binds to: the last one that began on the track.
  std::optional<Slice> enclosing(const Event& event) {
    const auto& stack = open_[{event.pid, event.tid}];
    if (stack.empty()) return std::nullopt;
    const Slice& slice = stack.back();
    const bool inside = event.time < slice.end || event.time == slice.start;
    return inside ? std::optional(slice) : std::nullopt;
  }

  using ArrowId = std::tuple<std::int64_t, std::string, std::string>;
  static ArrowId arrow_id(const Event& event) {
    return {event.json().value("id", std::int64_t{-1}), event.json().value("cat", ""),
            event.json().value("name", "")};
  }

  void start_arrow(const Event& event) {
    if (!event.json().contains("id")) broken(event.index, "arrow without id");
    if (!arrows_.emplace(arrow_id(event), event.index).second)
      broken(event.index, "arrow's id is used twice");
    if (!enclosing(event)) broken(event.index, "arrow does not start in a slice");
  }

  void end_arrow(const Event& event) {
    if (!arrows_.contains(arrow_id(event))) broken(event.index, "arrow ends before it starts");
    if (!ended_.insert(arrow_id(event)).second) broken(event.index, "arrow ends twice");
    if (event.json().value("bp", "") != "e")
      broken(event.index, "arrow's end does not bind to the enclosing slice");
    const auto slice = enclosing(event);
    if (!slice || slice->start != event.time)
      broken(event.index, "arrow does not end at the start of a slice");
  }

  void check_counter(const Event& event) {
    const Json args = event.json().value("args", Json::object());
    if (args.empty()) broken(event.index, "counter without a value");
    for (const auto& [key, value] : args.items()) {
      if (!value.is_number()) broken(event.index, "counter's value is no number");
    }
  }

  void check_arrows_closed() {
    for (const auto& [id, event] : arrows_) {
      if (!ended_.contains(id)) broken(event, "arrow has no end");
    }
  }

  std::vector<std::string> broken_;
  std::set<Track> named_;
  std::map<Track, std::size_t> used_;
  std::map<std::tuple<std::int64_t, std::int64_t, std::string>, std::int64_t> last_in_file_;
  std::map<Track, std::vector<Slice>> open_;
  std::map<ArrowId, std::size_t> arrows_;
  std::set<ArrowId> ended_;
};

}  // namespace

std::vector<std::string> broken_trace_rules(std::string_view json) {
  return Checker().check(json);
}

}  // namespace stagecraft
