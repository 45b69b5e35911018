#include <fmt/format.h>

#include <ostream>

#include "scenarios/cli/commands.h"
#include "scenarios/reader/reader.h"

namespace stagecraft {

namespace {

std::string option_words(const CommandInfo& command) {
  std::string words;
  for (const OptionInfo& option : command.options) words += fmt::format("--{} ", option.name);
  for (const OptionInfo& option : common_options()) words += fmt::format("--{} ", option.name);
  words.pop_back();
  return words;
}

/// Words that may stand as a command's argument; beside them files where these are verbs; empty where it
/// takes files alone.
std::string argument_words(const CommandInfo& command) {
  if (command.name == "list") return fmt::format("{}", fmt::join(list_kinds(), " "));
  if (command.name == "explain") return fmt::format("{}", fmt::join(explainable(), " "));
  if (command.name == "completion") return "bash zsh fish";
  std::string verbs;
  for (const VerbInfo& verb : command.verbs)
    verbs += fmt::format("{}{}", verbs.empty() ? "" : " ", verb.name);
  return verbs;
}

std::string command_words() {
  std::string words;
  for (const CommandInfo& command : commands())
    words += fmt::format("{}{}", words.empty() ? "" : " ", command.name);
  return words;
}

/// Answers for options whose values are known. bash makes three words of --color=always.
std::string bash_values() {
  std::string text =
      "  if [[ $word == = && $previous == --* ]]; then word=; fi\n"
      "  if [[ $previous == = && ${COMP_WORDS[COMP_CWORD-2]} == --* ]]; then "
      "previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
      "  case $previous in\n";
  for (const OptionInfo& option : common_options())
    if (!option.values.empty())
      text += fmt::format("    --{}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", option.name,
                          option.values);
  return text + "  esac\n";
}

std::string bash_script() {
  std::string text =
      "_stagecraft() {\n  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n  "
      "COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  text += fmt::format("    COMPREPLY=($(compgen -W '{} --help --version' -- \"$word\"))\n    return\n  fi\n",
                      command_words());
  text += fmt::format(
      "  if [ \"$previous\" = --set ]; then\n    compopt -o nospace\n    COMPREPLY=($(compgen -S = -W '{}' "
      "-- \"$word\"))\n    return\n  fi\n",
      fmt::join(scenario_keys(), " "));
  text += bash_values() + "  case ${COMP_WORDS[1]} in\n";
  for (const CommandInfo& command : commands()) {
    const std::string words = argument_words(command);
    text +=
        fmt::format("    {})\n      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '{}' -- \"$word\"))\n",
                    command.name, option_words(command));
    if (words.empty())
      text += "      else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n";
    else
      text += fmt::format("      else COMPREPLY=($(compgen{} -W '{}' -- \"$word\")); fi ;;\n",
                          command.verbs.empty() ? "" : " -f", words);
  }
  return text + "  esac\n}\ncomplete -o filenames -F _stagecraft stagecraft\n";
}

std::string zsh_script() {
  // zsh runs the bash script through its own compatibility layer.
  return "#compdef stagecraft\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script();
}

std::string fish_quoted(std::string_view text) {
  std::string result = "'";
  for (char c : text) result += c == '\'' ? std::string("\\'") : std::string(1, c);
  return result + "'";
}

/// What fish offers as the option's value.
std::string fish_value(const OptionInfo& option) {
  if (option.placeholder.empty()) return "";
  if (option.is_file) return " -r -F";
  return option.values.empty() ? " -x" : " -x -a " + fish_quoted(option.values);
}

std::string fish_script() {
  std::string text;
  for (const CommandInfo& command : commands()) {
    text += fmt::format("complete -c stagecraft -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                        fish_quoted(command.summary));
    const std::string when = fmt::format("'__fish_seen_subcommand_from {}'", command.name);
    for (const OptionInfo& option : command.options)
      text += fmt::format("complete -c stagecraft -n {} -l {}{} -d {}\n", when, option.name,
                          fish_value(option), fish_quoted(option.help));
    if (const std::string words = argument_words(command); !words.empty())
      text += fmt::format("complete -c stagecraft -n {}{} -a {}\n", when, command.verbs.empty() ? " -f" : "",
                          fish_quoted(words));
  }
  for (const OptionInfo& option : common_options())
    text += fmt::format("complete -c stagecraft -l {}{} -d {}\n", option.name, fish_value(option),
                        fish_quoted(option.help));
  return text;
}

}  // namespace

Exit completion_command(const Arguments& arguments, Streams& streams) {
  const std::string shell = arguments.positional.size() == 1 ? arguments.positional[0] : std::string();
  if (shell == "bash")
    streams.out << bash_script();
  else if (shell == "zsh")
    streams.out << zsh_script();
  else if (shell == "fish")
    streams.out << fish_script();
  else
    throw UsageError("completion takes one shell: bash, zsh or fish");
  return Exit::Done;
}

}  // namespace stagecraft
