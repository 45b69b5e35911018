#include <catch2/catch.hpp>
#include <new>
#include <sstream>
#include <stdexcept>

#include "command_line.h"
#include "scenarios/cli/commands.h"

using namespace stagecraft;

namespace {

struct Case {
  std::vector<std::string> words;
  std::string error;
};

}  // namespace

TEST_CASE("every mistake on the command line is named, and nothing is written", "[error]") {
  const Case cases[] = {
      {{"rum", "a.yaml"},
       "stagecraft: error: unknown command 'rum'; did you mean 'run'?\n"
       "see `stagecraft --help`\n"},
      {{"schedules"},
       "stagecraft: error: unknown command 'schedules'\n"
       "see `stagecraft --help`\n"},
      {{"--color", "always"},
       "stagecraft: error: no command given\n"
       "see `stagecraft --help`\n"},
      {{"--jsn"},
       "stagecraft: error: unknown option '--jsn'\n"
       "see `stagecraft --help`\n"},
      {{"run"},
       "stagecraft: error: run takes one scenario\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "a.yaml"},
       "stagecraft: error: run takes one scenario\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--jsn", "x"},
       "stagecraft: error: unknown option '--jsn'; did you mean '--json'?\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--sgv=x"},
       "stagecraft: error: unknown option '--sgv'; did you mean '--svg'?\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "-j"},
       "stagecraft: error: unknown option '-j'\n"
       "see `stagecraft --help`\n"},
      {{"run", "--", "--x"},
       "stagecraft: error: unknown option '--x'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json"},
       "stagecraft: error: the required argument for option '--json' is missing\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json="},
       "stagecraft: error: the argument for option '--json' should follow immediately after the equal sign\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", ""},
       "stagecraft: error: option '--json' needs a file name\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "--csv", "x"},
       "stagecraft: error: option '--json' needs a value, got the option '--csv'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--set"},
       "stagecraft: error: the required argument for option '--set' is missing\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "a", "--json", "b"},
       "stagecraft: error: option '--json' is given twice\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--help=3"},
       "stagecraft: error: option '--help' does not take any arguments\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "-", "--csv", "-"},
       "stagecraft: error: only one output can be standard output\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "x", "--csv", "x"},
       "stagecraft: error: options '--json' and '--csv' name the same file: 'x'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "x", "--csv", "./folder/../x"},
       "stagecraft: error: options '--json' and '--csv' name the same file: 'x' and './folder/../x'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "./a.yaml"},
       "stagecraft: error: option '--json' would overwrite the scenario 'a.yaml'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "nowhere/x.json"},
       "nowhere/x.json: error: cannot be written: its folder does not exist\n"
       "      = make the folder first, or name another one\n"},
      {{"run", "a.yaml", "--csv", "x.csv", "--json", "nowhere/x.json"},
       "nowhere/x.json: error: cannot be written: its folder does not exist\n"
       "      = make the folder first, or name another one\n"},
      {{"run", "a.yaml", "--json", "folder"},
       "folder: error: cannot be written: Is a directory\n"
       "      = name a file, not a folder\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-window", "5"},
       "stagecraft: error: option '--trace-window' needs FROM..TO, such as 0ms..50ms, got '5'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-window", "5ms..1ms"},
       "stagecraft: error: option '--trace-window' 5ms..1ms is empty\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-window", "5..6"},
       "stagecraft: error: option '--trace-window': '5' needs a unit, such as \"5 ms\"\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-window", ".."},
       "stagecraft: error: option '--trace-window': '' must be a duration, such as \"5 ms\"\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-window", "1 s..2 s"},
       "stagecraft: error: option '--trace-window' begins at 1 s, but the step ends at 10 ms\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-ranks", "a"},
       "stagecraft: error: option '--trace-ranks' needs ranks such as 0-3, got 'a'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-ranks", "3-1"},
       "stagecraft: error: option '--trace-ranks' 3-1 is empty\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-ranks", "1-"},
       "stagecraft: error: option '--trace-ranks' needs ranks such as 0-3, got ''\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-ranks", "7-9"},
       "stagecraft: error: option '--trace-ranks' begins at rank 7, but the scenario has 2 ranks\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--trace-ranks", "99999999999"},
       "stagecraft: error: option '--trace-ranks' needs ranks such as 0-3, got '99999999999'\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--trace-window", "0ms..1ms"},
       "stagecraft: error: option '--trace-window' cuts --trace, --svg and --csv; give at least one of "
       "them\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--json", "x", "--trace-ranks", "0"},
       "stagecraft: error: option '--trace-ranks' cuts --trace, --svg and --csv; give at least one of them\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg-memory"},
       "stagecraft: error: option '--svg-memory' draws into --svg; give that, too\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--svg", "x", "--svg-memory"},
       "stagecraft: error: option '--svg-memory' has no memory to draw: the scenario needs a model, or "
       "costs.state and costs.activation\n"
       "see `stagecraft --help`\n"},
      {{"run", "a.yaml", "--color", "blue"},
       "stagecraft: error: option '--color' must be auto, always or never, got 'blue'\n"
       "see `stagecraft --help`\n"},
      {{"check"},
       "stagecraft: error: check takes one scenario or more\n"
       "see `stagecraft --help`\n"},
      {{"check", "--json", "x", "a.yaml"},
       "stagecraft: error: unknown option '--json'\n"
       "see `stagecraft --help`\n"},
      {{"list", "a", "b"},
       "stagecraft: error: list takes one kind at most\n"
       "see `stagecraft --help`\n"},
      {{"list", "scheduls"},
       "stagecraft: error: nothing to list called 'scheduls'; did you mean 'schedules'? (kinds: schedules, "
       "planners, cost-models, models, devices, links, clusters, metrics, rank-metrics, idle-causes, "
       "trace-metrics, trace-idle-causes)\n"
       "see `stagecraft --help`\n"},
      {{"explain"},
       "stagecraft: error: explain takes one key or metric\n"
       "see `stagecraft --help`\n"},
      {{"explain", "pipeline.shcedule"},
       "stagecraft: error: no key or metric is called 'pipeline.shcedule'; did you mean "
       "'pipeline.schedule'?\n"
       "see `stagecraft --help`\n"},
      {{"explain", "makespan"},
       "stagecraft: error: no key or metric is called 'makespan'; did you mean 'makespan_s'?\n"
       "see `stagecraft --help`\n"},
      {{"explain", "nonsense"},
       "stagecraft: error: no key or metric is called 'nonsense'\n"
       "see `stagecraft --help`\n"},
      {{"schema", "x"},
       "stagecraft: error: schema takes no argument\n"
       "see `stagecraft --help`\n"},
      {{"completion"},
       "stagecraft: error: completion takes one shell: bash, zsh or fish\n"
       "see `stagecraft --help`\n"},
      {{"completion", "tcsh"},
       "stagecraft: error: completion takes one shell: bash, zsh or fish\n"
       "see `stagecraft --help`\n"},
  };
  for (const Case& one : cases) {
    for (const std::string& word : one.words) UNSCOPED_INFO(word);
    const TemporaryFolder folder;
    write_text("a.yaml", kTwoRanks);
    std::filesystem::create_directory("folder");
    const Output output = run_program(one.words);
    CHECK(output.err == one.error);
    CHECK(output.out == "");
    CHECK(output.status == 2);
    CHECK(folder.names() == std::vector<std::string>{"a.yaml", "folder"});
  }
}

TEST_CASE("a mistake of the program itself asks for the scenario and has its own exit status", "[error]") {
  std::ostringstream err;
  const Exit exit = report_errors([]() -> Exit { throw std::logic_error("a bracket is closed"); }, err);
  CHECK(static_cast<int>(exit) == 70);
  CHECK(err.str() ==
        "stagecraft: internal error: a bracket is closed\n"
        "This is a mistake in stagecraft, not in the scenario. Please report it with the command line, the "
        "scenario and what `stagecraft --version` prints.\n");
}

TEST_CASE("a simulation that does not fit the memory is the scenario's mistake", "[error]") {
  std::ostringstream err;
  CHECK(report_errors([]() -> Exit { throw std::bad_alloc(); }, err) == Exit::BadInput);
  CHECK(err.str() ==
        "stagecraft: error: this machine's memory does not hold the simulation; ask for fewer ranks or "
        "micro-batches\n");
}
