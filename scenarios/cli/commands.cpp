#include "scenarios/cli/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ostream>

#include "base/error.h"
#include "base/suggest.h"
#include "base/text.h"

namespace stagecraft {

namespace {

constexpr std::array kRunOptions{
    OptionInfo{"set", "KEY=VALUE", "replace one value of the scenario, such as pipeline.schedule=gpipe",
               true},
    OptionInfo{"uncertainty", "N",
               "simulate N samples of the measured costs' errors too, and report the band"},
    OptionInfo{"seed", "N", "of --uncertainty; 0 by default"},
    OptionInfo{"compare", "A,B:v=2..4", "simulate these schedules instead of the scenario's, and rank them"},
    OptionInfo{"why", "", "say what every rank waits for, and simulate what would help"},
    OptionInfo{"within", "SIZE",
               "of --compare: the memory that a device may hold, such as 40 GiB; its own by default"},
    OptionInfo{"json", "FILE", "write the numbers as JSON; - for standard output", false, true},
    OptionInfo{"csv", "FILE", "write every op and bubble with its times as CSV", false, true},
    OptionInfo{"svg", "FILE", "draw the timeline; with --compare throughput over memory", false, true},
    OptionInfo{"svg-memory", "", "in --svg, draw the memory of each rank below its row"},
    OptionInfo{"trace", "FILE", "write a trace for ui.perfetto.dev; compressed when FILE ends in .gz", false,
               true},
    OptionInfo{"trace-window", "FROM..TO", "only this time, such as 0ms..50ms, in --trace, --svg and --csv"},
    OptionInfo{"trace-ranks", "A-B", "only these ranks, such as 0-3, in --trace, --svg and --csv"},
    OptionInfo{"schedule-csv", "FILE", "write the schedule in PyTorch's notation, compute ops only", false,
               true},
    OptionInfo{"schedule-comms-csv", "FILE", "the same with sends and receives, as PyTorch lowers it", false,
               true},
    OptionInfo{"schedule-letters", "new|old",
               "of both: in old ones B is the input gradient, BW the full backward (PyTorch before 2.5)"},
};
constexpr std::array kCheckOptions{
    OptionInfo{"set", "KEY=VALUE", "replace one value of the scenarios", true},
};
constexpr std::array kFitOptions{
    OptionInfo{"device", "NAME",
               "of tables: the GPU that was measured, as `stagecraft list devices` calls it"},
    OptionInfo{"format", "NAME", "of tables: bf16, fp16 or fp8; otherwise read off the files' names"},
    OptionInfo{"thin", "PERCENT",
               "of tables: leave out loads that the others say as exactly as this, such as 1.5%"},
    OptionInfo{
        "steps", "FILE",
        "fit to measured training steps instead: a CSV whose columns are keys of SCENARIO, last step_s"},
    OptionInfo{"hold-out", "KEY=VALUE", "of steps: fit to those without this setting, report those with it"},
    OptionInfo{"keep-constants", "", "of steps: fit layers alone, with the roofline's constants as they are"},
    OptionInfo{"source", "TEXT", "who measured, with which software"},
    OptionInfo{"licence", "TEXT", "of the measurements, where somebody else made them"},
    OptionInfo{"output", "FILE", "write the fitted table, or of steps the calibration", false, true},
};
constexpr std::array kProfileOptions{
    OptionInfo{"output", "FILE", "write the table of measured kernels; rows go to FILE.rows.csv", false,
               true},
    OptionInfo{"device", "N", "the GPU, counted from 0 (the default)"},
    OptionInfo{
        "suite", "NAME",
        "only this one: gemm, copies, launch, attention, bandwidth, interference, layer or decode-loop",
        true},
    OptionInfo{"quick", "", "fewer points and calls, for a first look"},
    OptionInfo{"passes", "N", "how often every point is measured; 2 by default, for the spread"},
    OptionInfo{"time-limit", "TIME", "of each suite, such as 60s: a random sample of its points"},
    OptionInfo{"counters", "", "count FLOPs and bytes of memory too, where the driver permits"},
    OptionInfo{"attach", "", "trace a CUDA program instead: --attach --output ROWS -- python3 train.py"},
    OptionInfo{"svg", "FILE", "of summary: draw what was measured under the device's roofline", false, true},
};
constexpr std::array kGraphOptions{
    OptionInfo{"dot", "FILE", "write the graph for Graphviz", false, true},
    OptionInfo{"svg", "FILE", "draw it, in levels", false, true},
    OptionInfo{"yaml", "FILE", "write it in the form to edit by hand", false, true},
    OptionInfo{"json", "FILE", "write the summary as JSON; - for standard output", false, true},
};
constexpr std::array kTraceOptions{
    OptionInfo{"against", "SCENARIO",
               "simulate this scenario and put it beside the trace, in numbers and in --svg", false, true},
    OptionInfo{"set", "KEY=VALUE", "replace one value of that scenario", true},
    OptionInfo{
        "comm", "A,B",
        "count kernels as communication whose name has one of these parts; by default nccl, rccl, deep_ep, "
        "all_to_all, nvshmem and the like"},
    OptionInfo{"json", "FILE", "write the numbers as JSON; - for standard output", false, true},
    OptionInfo{"csv", "FILE", "write every kernel and idle stretch with its times as CSV", false, true},
    OptionInfo{"svg", "FILE", "draw compute and communication of every rank over time", false, true},
};
constexpr std::array kCommonOptions{
    OptionInfo{"color", "WHEN", "auto (the default), always or never", false, false, "auto always never"},
    OptionInfo{"help", "", "print this help"},
    OptionInfo{"version", "", "print the version"},
};

constexpr std::array kProfileVerbs{
    VerbInfo{"import", "TRACE...", "make a table of traces of PyTorch's profiler (--output)"},
    VerbInfo{"merge", "A B...", "make one table of several of one device (--output)"},
    VerbInfo{"summary", "TABLE",
             "what a table holds and what share of the device's peaks it reaches (--svg)"},
    VerbInfo{"diff", "A B", "how the times of two tables differ"},
    VerbInfo{"check", "ROWS",
             "layers and draft-verify loops as measured, against what the other rows predict"},
};

constexpr std::array kCommands{
    CommandInfo{"run", "SCENARIO", "simulate a scenario and report", kRunOptions, run_command},
    CommandInfo{"check", "SCENARIO...", "validate scenarios without running them", kCheckOptions,
                check_command},
    CommandInfo{"fit", "TABLE...|SCENARIO",
                "fit a cost model to measured kernels or steps and report its held-out error", kFitOptions,
                fit_command},
    CommandInfo{"profile", "[VERB FILE...]",
                "measure a GPU's kernels into a table, or import, merge, sum up and compare tables",
                kProfileOptions, profile_command, true, kProfileVerbs},
    CommandInfo{"trace", "FILE...",
                "measure a trace, a profiler's or ours: compute, communication, overlap, idle by cause",
                kTraceOptions, trace_command},
    CommandInfo{"graph", "FILE", "sum up and draw a profiled graph: PipeDream's, Piper's, dnn-partitioning's",
                kGraphOptions, graph_command},
    CommandInfo{
        "list", "[KIND]", "what a scenario may name: schedules, models, devices, ...", {}, list_command},
    CommandInfo{"explain",
                "KEY|METRIC",
                "what a key of the scenario or a number of a report means",
                {},
                explain_command},
    CommandInfo{"schema", "", "print the JSON Schema of the scenario file", {}, schema_command},
    CommandInfo{
        "completion", "bash|zsh|fish", "print a completion script for the shell", {}, completion_command},
};

const CommandInfo* find_command(std::string_view name) {
  for (const CommandInfo& command : kCommands)
    if (command.name == name) return &command;
  return nullptr;
}

std::vector<OptionInfo> all_options(const CommandInfo* command) {
  std::vector<OptionInfo> options;
  if (command) options.assign(command->options.begin(), command->options.end());
  options.insert(options.end(), kCommonOptions.begin(), kCommonOptions.end());
  return options;
}

std::string program_help() {
  std::string text =
      "Simulates and plans how work is laid out in time on GPUs.\n\nusage: stagecraft COMMAND [OPTIONS] "
      "...\n\n";
  for (const CommandInfo& command : kCommands)
    text +=
        fmt::format("  {:<26}{}\n", fmt::format("{} {}", command.name, command.arguments), command.summary);
  return text + "\n" + options_help(kCommonOptions) +
         "\n`stagecraft COMMAND --help` shows the options of a command.\n";
}

std::string verbs_help(std::span<const VerbInfo> verbs) {
  std::string text;
  for (const VerbInfo& verb : verbs)
    text += fmt::format("  {:<26}{}\n", fmt::format("{} {}", verb.name, verb.arguments), verb.summary);
  return text.empty() ? text : text + "\n";
}

std::string command_help(const CommandInfo& command) {
  return fmt::format("usage: stagecraft {} {} [OPTIONS]\n\n{}\n\n{}{}", command.name, command.arguments,
                     command.summary, verbs_help(command.verbs), options_help(all_options(&command)));
}

/// NO_COLOR (any text, no-color.org) wins over CLICOLOR_FORCE, FORCE_COLOR over NO_COLOR, --color over all;
/// "0" forces nothing. Otherwise a terminal that is not dumb.
bool wants_colour(const Arguments& arguments, bool terminal) {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value ? value : "");
  };
  const auto forces = [&](const char* name) { return !variable(name).empty() && variable(name) != "0"; };
  const std::string when = arguments.value("color");
  if (when == "always") return true;
  if (when == "never") return false;
  if (!when.empty() && when != "auto")
    throw UsageError(fmt::format("option '--color' must be auto, always or never, got '{}'", when));
  if (forces("FORCE_COLOR")) return true;
  if (!variable("NO_COLOR").empty()) return false;
  if (forces("CLICOLOR_FORCE")) return true;
  return terminal && variable("TERM") != "dumb";
}

std::string unknown_command(const std::string& name) {
  std::vector<std::string_view> names;
  for (const CommandInfo& command : kCommands) names.push_back(command.name);
  return fmt::format("unknown command '{}'{}", name, did_you_mean(name, names));
}

Exit dispatch(const std::vector<std::string>& words, std::ostream& out, std::ostream& err, bool terminal) {
  if (words.empty()) {
    err << program_help();
    return Exit::BadInput;
  }
  const bool is_command = words[0].empty() || words[0][0] != '-';
  const CommandInfo* command = is_command ? find_command(words[0]) : nullptr;
  if (is_command && !command) throw UsageError(unknown_command(words[0]));
  const bool runs_program = command && command->runs_program;
  const auto dashes = runs_program ? std::find(words.begin(), words.end(), "--") : words.end();
  Arguments arguments = parse_arguments({words.begin() + is_command, dashes}, all_options(command));
  if (dashes != words.end()) arguments.behind_dashes.assign(dashes + 1, words.end());
  if (arguments.has("help") || arguments.has("version")) {
    out << (arguments.has("version") ? version_text() : command ? command_help(*command) : program_help());
    return Exit::Done;
  }
  if (!command) throw UsageError("no command given");
  Streams streams{out, err, wants_colour(arguments, terminal)};
  return command->run(arguments, streams);
}

}  // namespace

std::span<const CommandInfo> commands() {
  return kCommands;
}

std::span<const OptionInfo> common_options() {
  return kCommonOptions;
}

void flush_output(std::ostream& out) {
  if (!out.flush()) throw InputError("stagecraft: error: cannot write to standard output");
}

Exit report_errors(const std::function<Exit()>& action, std::ostream& err) {
  try {
    return action();
  } catch (const UsageError& error) {
    err << "stagecraft: error: " << printable(error.what()) << "\nsee `stagecraft --help`\n";
  } catch (const InputError& error) {
    err << error.what() << "\n";
  } catch (const std::bad_alloc&) {
    err << "stagecraft: error: this machine's memory does not hold the simulation; ask for fewer ranks or "
           "micro-batches\n";
  } catch (const std::exception& error) {
    err << "stagecraft: internal error: " << error.what()
        << "\nThis is a mistake in stagecraft, not in the scenario. Please report it with the command line, "
           "the "
           "scenario and what `stagecraft --version` prints.\n";
    return Exit::Internal;
  }
  return Exit::BadInput;
}

Exit run_command_line(const std::vector<std::string>& words, std::ostream& out, std::ostream& err,
                      bool terminal) {
  return report_errors(
      [&] {
        const Exit exit = dispatch(words, out, err, terminal);
        flush_output(out);
        return exit;
      },
      err);
}

}  // namespace stagecraft
