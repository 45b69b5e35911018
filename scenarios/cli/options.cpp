#include "scenarios/cli/options.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>

#include "base/suggest.h"

namespace stagecraft {

namespace po = boost::program_options;

namespace {

po::options_description described(std::span<const OptionInfo> options) {
  po::options_description result;
  for (const OptionInfo& option : options) {
    const std::string name(option.name);
    if (option.placeholder.empty())
      result.add_options()(name.c_str(), "");
    else
      result.add_options()(name.c_str(), po::value<std::vector<std::string>>(), "");
  }
  return result;
}

/// No guessing (by default --js stands for --json), no single-dash options but `-` itself, which is a file.
constexpr int kStyle = po::command_line_style::allow_long | po::command_line_style::long_allow_adjacent |
                       po::command_line_style::long_allow_next;

std::string unknown_option(const std::string& name, std::span<const OptionInfo> options) {
  std::vector<std::string_view> names;
  for (const OptionInfo& option : options) names.push_back(option.name);
  const std::string typed = name.substr(0, name.find('='));
  const std::string bare = typed.substr(std::min(typed.find_first_not_of('-'), typed.size()));
  const std::string_view near = closest(bare, names);
  return fmt::format("unknown option '{}'{}", typed,
                     near.empty() ? "" : fmt::format("; did you mean '--{}'?", near));
}

/// The next option is no value: `--json --csv F` lacks a file, it does not write one called `--csv`.
void expect_value(const po::option& option) {
  const auto& tokens = option.original_tokens;
  if (tokens.size() < 2 || !tokens[1].starts_with("--")) return;
  throw UsageError(fmt::format("option '{}' needs a value, got the option '{}'", tokens[0], tokens[1]));
}

}  // namespace

std::string Arguments::value(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() || found->second.empty() ? std::string() : found->second.back();
}

std::vector<std::string> Arguments::values(std::string_view name) const {
  const auto found = options.find(name);
  return found == options.end() ? std::vector<std::string>() : found->second;
}

std::int64_t Arguments::number(std::string_view name, std::int64_t least, std::int64_t otherwise,
                               std::int64_t most) const {
  if (!has(name)) return otherwise;
  const std::string text = value(name);
  const std::optional<std::int64_t> number = whole_number(text, most);
  if (number && *number >= least) return *number;
  const std::string range =
      most == kLargest ? fmt::format("of {} or more", least) : fmt::format("from {} to {}", least, most);
  throw UsageError(fmt::format("option '--{}' needs a number {}, got '{}'", name, range, text));
}

std::optional<std::int64_t> whole_number(std::string_view text, std::int64_t most) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0 || number > most)
    return std::nullopt;
  return number;
}

Arguments parse_arguments(const std::vector<std::string>& words, std::span<const OptionInfo> options) {
  Arguments arguments;
  try {
    const po::options_description description = described(options);
    const auto parsed =
        po::command_line_parser(words).options(description).style(kStyle).allow_unregistered().run();
    for (const auto& option : parsed.options) {
      if (option.position_key >= 0 || option.string_key.empty()) {
        arguments.positional.insert(arguments.positional.end(), option.value.begin(), option.value.end());
        continue;
      }
      if (option.unregistered) throw UsageError(unknown_option(option.original_tokens.at(0), options));
      expect_value(option);
      auto& values = arguments.options[option.string_key];
      values.insert(values.end(), option.value.begin(), option.value.end());
    }
  } catch (const po::error& error) {
    throw UsageError(error.what());
  }
  for (const std::string& word : arguments.positional)
    if (word.size() > 1 && word[0] == '-') throw UsageError(unknown_option(word, options));
  for (const OptionInfo& option : options)
    if (!option.repeatable && arguments.values(option.name).size() > 1)
      throw UsageError(fmt::format("option '--{}' is given twice", option.name));
  return arguments;
}

std::string options_help(std::span<const OptionInfo> options) {
  std::string text;
  for (const OptionInfo& option : options) {
    std::string left = fmt::format("--{}", option.name);
    if (!option.placeholder.empty()) left += fmt::format(" {}", option.placeholder);
    text += fmt::format("  {:<26}{}{}\n", left, option.help, option.repeatable ? " (may be repeated)" : "");
  }
  return text;
}

}  // namespace stagecraft
