#pragma once

#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/cli/options.h"

namespace stagecraft {

/// Exit statuses. Internal, the program's own mistake, is EX_SOFTWARE of sysexits.h.
enum class Exit { Done = 0, Failed = 1, BadInput = 2, NoPlan = 3, Internal = 70, Interrupted = 130 };

/// Where a command writes, so that tests can run it in process.
struct Streams {
  std::ostream& out;
  std::ostream& err;
  bool colour = false;
};

/// What the first argument of a command may be, where that decides what it does.
struct VerbInfo {
  std::string_view name;
  std::string_view arguments;
  std::string_view summary;
};

/// One subcommand: from these records come the dispatcher, --help and completion.
struct CommandInfo {
  std::string_view name;
  std::string_view arguments;  ///< "SCENARIO"
  std::string_view summary;
  std::span<const OptionInfo> options;
  Exit (*run)(const Arguments&, Streams&);
  bool runs_program = false;  ///< what stands behind `--` is another program's command line
  std::span<const VerbInfo> verbs{};
};

/// Every subcommand, in the order of --help.
std::span<const CommandInfo> commands();

/// Options that every command has.
std::span<const OptionInfo> common_options();

/// The whole program but for signals: parses `words` (without the program's name), runs the command and turns
/// exceptions into messages and exit statuses. `terminal`: standard output is one.
Exit run_command_line(const std::vector<std::string>& words, std::ostream& out, std::ostream& err,
                      bool terminal);

/// Runs `action`; what it throws becomes a message on `err` and an exit status.
Exit report_errors(const std::function<Exit()>& action, std::ostream& err);

/// Writes what is buffered for standard output. Throws InputError where it cannot be written.
void flush_output(std::ostream& out);

/// "0.1.0 (abc1234)", and with the compiler and optional parts, several lines.
std::string version();
std::string version_text();

Exit run_command(const Arguments& arguments, Streams& streams);
Exit check_command(const Arguments& arguments, Streams& streams);
Exit fit_command(const Arguments& arguments, Streams& streams);
Exit fit_steps(const Arguments& arguments, Streams& streams);  ///< `fit --steps`
Exit profile_command(const Arguments& arguments, Streams& streams);
Exit trace_command(const Arguments& arguments, Streams& streams);
Exit graph_command(const Arguments& arguments, Streams& streams);
Exit list_command(const Arguments& arguments, Streams& streams);
Exit explain_command(const Arguments& arguments, Streams& streams);
Exit schema_command(const Arguments& arguments, Streams& streams);
Exit completion_command(const Arguments& arguments, Streams& streams);

/// The kinds that `stagecraft list` knows.
std::vector<std::string_view> list_kinds();

/// Everything that `stagecraft explain` knows: the keys of a scenario and those of a report, each once.
std::vector<std::string> explainable();

}  // namespace stagecraft
