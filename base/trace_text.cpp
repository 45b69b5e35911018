#include "base/trace_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/chrome_trace.h"

namespace stagecraft {

namespace {

/// Where the element that begins at `at` ends: at a comma or bracket of its own level.
std::size_t end_of_element(std::string_view json, std::size_t at) {
  int depth = 0;
  bool quoted = false;
  for (; at < json.size(); ++at) {
    const char c = json[at];
    if (quoted) {
      if (c == '\\') ++at;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      return at;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return json.size();
}

}  // namespace

std::optional<std::int64_t> integer_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

// Digit by digit: a double cannot hold the nanoseconds of a time since 1970.
std::optional<Duration> from_microseconds(std::string_view text) {
  const std::size_t point = text.find('.');
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  if (fraction.find_first_not_of("0123456789") == std::string_view::npos) {
    std::string digits = fmt::format("{}{:0<3}", text.substr(0, point), fraction.substr(0, 3));
    if (const auto ns = integer_of(digits)) {
      const bool up = fraction.size() > 3 && fraction[3] >= '5';
      if (up && *ns == std::numeric_limits<std::int64_t>::max()) return {};
      return Duration{*ns + (up ? (text.starts_with('-') ? -1 : 1) : 0)};
    }
  }
  double us = 0;  // with an exponent
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), us);
  if (error != std::errc{} || end != text.data() + text.size() || !(std::abs(us) < 9e15)) return {};
  return Duration{std::llround(us * 1e3)};
}

std::string_view arg_of(const TraceEvent& event, std::string_view name) {
  for (std::string_view rest = event.args; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::size_t tab = line.find('\t');
    if (line.substr(0, tab) == name) return line.substr(tab + 1);
    rest.remove_prefix(line.size() + 1);
  }
  return {};
}

std::vector<std::pair<std::string_view, std::string_view>> args_of(const TraceEvent& event) {
  std::vector<std::pair<std::string_view, std::string_view>> args;
  for (std::string_view rest = event.args; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    const std::size_t tab = line.find('\t');
    args.emplace_back(line.substr(0, tab), line.substr(tab + 1));
    rest.remove_prefix(line.size() + 1);
  }
  return args;
}

std::vector<std::string_view> elements_of(std::string_view json_array) {
  std::vector<std::string_view> elements;
  if (!json_array.starts_with('[') || json_array == "[]") return elements;
  for (std::size_t at = 1; at < json_array.size();) {
    const std::size_t end = end_of_element(json_array, at);
    elements.push_back(json_array.substr(at, end - at));
    at = end + 1;
  }
  return elements;
}

std::string_view unquoted(std::string_view json) {
  return json.size() >= 2 && json.starts_with('"') && json.ends_with('"') ? json.substr(1, json.size() - 2)
                                                                          : json;
}

std::string text_of(std::string_view json) {
  const std::string_view text = unquoted(json);
  if (text.size() == json.size() || text.find('\\') == std::string_view::npos) return std::string(text);
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : std::string(text);
}

}  // namespace stagecraft
