#include "scenarios/run/alternatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>

#include "base/suggest.h"
#include "base/text.h"
#include "sim/schedule/registry.h"

namespace stagecraft {

namespace {

/// Alternatives of one comparison: more is a sweep.
constexpr std::size_t kMost = 256;

struct Short {
  std::string_view name;
  std::string_view key;
};
constexpr std::array kShort{Short{"v", "pipeline.chunks"}, Short{"b", "batch.micro"},
                            Short{"t", "parallel.tensor"}, Short{"p", "parallel.pipeline"},
                            Short{"d", "parallel.data"}};

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "2..4" is 2, 3 and 4; anything else one value.
std::vector<std::string> values_of(std::string_view text, std::string_view whole) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return {std::string(text)};
  const auto first = whole_number(text.substr(0, dots)), last = whole_number(text.substr(dots + 2));
  if (!first || !last || *first < 0 || *last < *first || *last - *first >= static_cast<int>(kMost))
    throw std::invalid_argument(
        fmt::format("'{}': '{}' is no range of whole numbers such as 2..4", whole, text));
  std::vector<std::string> values;
  for (std::int64_t value = *first; value <= *last; ++value) values.push_back(std::to_string(value));
  return values;
}

std::string key_of(std::string_view name, std::string_view whole) {
  for (const Short& known : kShort)
    if (known.name == name) return std::string(known.key);
  if (name.find('.') != std::string_view::npos) return std::string(name);
  throw std::invalid_argument(
      fmt::format("'{}': '{}' is neither v, b, t, p, d nor a key such as batch.micro", whole, name));
}

/// Every alternative so far, with every value of one more setting, "v=2..4".
std::vector<Alternative> with_setting(const std::vector<Alternative>& alternatives, std::string_view setting,
                                      std::string_view whole) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos || equals + 1 == setting.size())
    throw std::invalid_argument(fmt::format("'{}': after a colon comes a setting such as v=2..4", whole));
  const std::string_view name = setting.substr(0, equals);
  const std::string key = key_of(name, whole);
  std::vector<Alternative> result;
  for (const Alternative& alternative : alternatives) {
    for (const std::string& value : values_of(setting.substr(equals + 1), whole)) {
      Alternative& added = result.emplace_back(alternative);
      added.name += fmt::format(" {}={}", name, value);
      added.overrides.push_back(fmt::format("{}={}", key, value));
      if (result.size() > kMost) throw std::invalid_argument(fmt::format("more than {} alternatives", kMost));
    }
  }
  return result;
}

void expect_schedule(std::string_view name) {
  std::vector<std::string_view> names;
  for (const ScheduleEntry& entry : schedules()) names.push_back(entry.name);
  if (std::ranges::find(names, name) == names.end())
    throw std::invalid_argument(fmt::format("unknown schedule '{}'{}", name, did_you_mean(name, names)));
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

/// "interleaved-1f1b:v=2..4:b=1".
std::vector<Alternative> alternatives_of(std::string_view whole) {
  whole = trimmed(whole);
  const std::vector<std::string_view> parts = split(whole, ':');
  expect_schedule(parts[0]);
  std::vector<Alternative> result{{std::string(parts[0]), {fmt::format("pipeline.schedule={}", parts[0])}}};
  for (const std::string_view setting : std::span(parts).subspan(1))
    result = with_setting(result, setting, whole);
  return result;
}

/// Alternatives that are the same, but for their names, once.
void drop_twins(std::vector<Alternative>& alternatives) {
  std::vector<Alternative> kept;
  for (Alternative& alternative : alternatives)
    if (std::ranges::find(kept, alternative.overrides, &Alternative::overrides) == kept.end())
      kept.push_back(std::move(alternative));
  alternatives = std::move(kept);
}

}  // namespace

std::vector<Alternative> parse_alternatives(const std::string& text) {
  std::vector<Alternative> alternatives;
  for (const std::string_view part : split(text, ',')) {
    const std::vector<Alternative> added = alternatives_of(part);
    alternatives.insert(alternatives.end(), added.begin(), added.end());
    if (alternatives.size() > kMost)
      throw std::invalid_argument(fmt::format("more than {} alternatives", kMost));
  }
  drop_twins(alternatives);
  return alternatives;
}

}  // namespace stagecraft
