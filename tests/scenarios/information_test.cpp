#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "command_line.h"
#include "planners/registry.h"
#include "scenarios/cli/commands.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

/// The keys of all objects in `value`.
std::set<std::string> keys_of(const json& value) {
  std::set<std::string> keys;
  for (const auto& [key, item] : value.items()) {
    if (value.is_object()) keys.insert(key);
    if (item.is_structured()) keys.merge(keys_of(item));
  }
  return keys;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* kBold = "\x1b[1m";

}  // namespace

TEST_CASE("list shows every kind with the key that names it", "[golden]") {
  const std::string all = printed({"list"});
  for (const char* line :
       {"schedules (pipeline.schedule)\n", "planners (none: schedules that are planned name theirs)\n",
        "cost-models (costs.model)\n", "models (model.preset)\n", "devices (cluster.device.preset)\n",
        "links (cluster.intra.preset)\n", "clusters (cluster.preset)\n", "metrics (--json, metrics)\n",
        "rank-metrics (--json, ranks)\n", "idle-causes (--json, idle_by_cause_s)\n",
        "trace-metrics (trace --json, metrics and ranks)\n",
        "trace-idle-causes (trace --json, idle_by_cause_s, beside idle-causes)\n"}) {
    INFO(line);
    CHECK(contains(all, line));
  }
  for (const char* kind : {"schedules", "planners", "cost-models", "models", "devices", "links", "clusters",
                           "metrics", "rank-metrics", "idle-causes", "trace-metrics", "trace-idle-causes"}) {
    INFO(kind);
    const std::string one = printed({"list", kind});
    CHECK(contains(all, one));
    CHECK(one.substr(0, one.find(' ')) == kind);
  }
  CHECK(contains(printed({"list", "schedules"}),
                 "all forwards, then all backwards [Huang et al., NeurIPS 2019]\n"));
  for (const PlannerEntry& planner : planners()) {
    INFO(planner.name);
    CHECK(contains(printed({"list", "planners"}), fmt::format("{} [{}]\n", planner.summary, planner.source)));
  }
}

TEST_CASE("explain says what a key means, its type and its default", "[golden]") {
  const std::string schedule = printed({"explain", "pipeline.schedule"});
  CHECK(schedule.substr(0, schedule.find('\n')) ==
        "pipeline.schedule: a name from `stagecraft list schedules`");
  CHECK(contains(schedule, "\n  type     one of gpipe, 1f1b, kfkb, interleaved-1f1b"));
  CHECK(contains(schedule, "\n  default  1f1b\n"));
  CHECK(printed({"explain", "costs.forward"}) ==
        "costs.forward: uniform: forward of one micro-batch. One value: a rank's full share, of which a "
        "chunk costs "
        "1/v; a list: one per stage\n"
        "  type     a duration in ns us ms s min h; one for all or a list; at most 2400 h\n"
        "  example  5 ms\n");
}

TEST_CASE("explain says what a number of a report means", "[golden]") {
  CHECK(printed({"explain", "makespan_s"}) ==
        "makespan_s [s]: from the start of the step to the end of its last op, optimizer and reduction "
        "included\n");
  CHECK(contains(printed({"explain", "warm_up"}), "warm_up [s]: idle time "));
}

TEST_CASE("every number and cause of a report can be explained", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", std::string(kTrained) +
                           "published: {source: somebody, makespan: 9 s, bubble_over_makespan: 0.2, "
                           "bubble_over_span: 0.2}\n");
  const std::set<std::string> keys = keys_of(json::parse(printed({"run", "a.yaml", "--json", "-"})));
  CHECK(keys.size() > 30);
  const std::string known = printed({"completion", "bash"});
  for (const std::string& key : keys) {
    INFO(key);
    CHECK(contains(printed({"explain", key}), key));
    CHECK(contains(known, " " + key));
  }
}

TEST_CASE("a number that ranks, runs and traces have is explained for each", "[golden]") {
  CHECK(printed({"explain", "span_s"}) ==
        "span_s [s]: longest rank span: from a rank's first op to the end of its last micro-batch op; the "
        "zero-bubble papers call it cost\n"
        "span_s of a rank [s]: from the rank's first op to the end of its last micro-batch op\n"
        "span_s of a trace [s]: from the rank's first start to its last end; of a simulated step, from its "
        "start to "
        "its end\n");
}

TEST_CASE("each word that completion offers for explain is explained", "[golden]") {
  for (const std::string& name : explainable()) {
    INFO(name);
    CHECK(run_program({"explain", name}).status == 0);
  }
}

TEST_CASE("the schema is JSON Schema that allows no unknown key", "[golden]") {
  const json schema = json::parse(printed({"schema"}));
  CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
  CHECK(schema["additionalProperties"] == false);
  const json& pipeline = schema["properties"]["pipeline"];
  CHECK(pipeline["additionalProperties"] == false);
  CHECK(pipeline["properties"]["schedule"]["default"] == "1f1b");
}

TEST_CASE("the completion script is a bash program", "[golden]") {
  const TemporaryFolder folder;
  write_text("completion.bash", printed({"completion", "bash"}));
  REQUIRE(std::system("bash -n completion.bash") == 0);
  // What bash offers after `stagecraft ch`, and for the keys of --set.
  write_text(
      "ask.bash",
      "source completion.bash\n"
      "COMP_WORDS=(stagecraft ch); COMP_CWORD=1; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft run --js); COMP_CWORD=2; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft completion z); COMP_CWORD=2; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft explain busy); COMP_CWORD=2; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft explain warm); COMP_CWORD=2; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft run --color ''); COMP_CWORD=3; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft run --color =); COMP_CWORD=3; _stagecraft; echo \"${COMPREPLY[*]}\"\n"
      "COMP_WORDS=(stagecraft run --color = n); COMP_CWORD=4; _stagecraft; echo \"${COMPREPLY[*]}\"\n");
  REQUIRE(std::system("bash ask.bash > answers") == 0);
  CHECK(read_text("answers") ==
        "check\n--json\nzsh\nbusy_s\nwarm_up\nauto always never\nauto always never\nnever\n");
}

TEST_CASE("completion scripts know every command in every shell", "[golden]") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = printed({"completion", shell});
    for (const char* command : {"run", "check", "trace", "list", "explain", "schema", "completion"}) {
      INFO(shell << " " << command);
      CHECK(contains(script, command));
    }
    CHECK(contains(script, "schedule-csv"));
    CHECK(contains(script, "pipeline.schedule"));
    CHECK(contains(script, "auto always never"));
  }
}

TEST_CASE("the version option names the program and its compiler", "[golden]") {
  const std::string text = printed({"--version"});
  CHECK(text.substr(0, 13) == "stagecraft 0.");
  CHECK(contains(text, "\ncompiler: "));
  CHECK(printed({"run", "--version"}) == text);
}

TEST_CASE("the help option lists the commands, and each command its options", "[golden]") {
  const std::string help = printed({"--help"});
  for (const char* command : {"run", "check", "trace", "list", "explain", "schema", "completion"}) {
    INFO(command);
    CHECK(contains(help, std::string("\n  ") + command + " "));
    const std::string own = printed({command, "--help"});
    const std::string usage = std::string("usage: stagecraft ") + command + " ";
    CHECK(own.substr(0, usage.size()) == usage);
    CHECK(contains(own, "\n  --help "));
  }
  const std::string run = printed({"run", "--help"});
  for (const char* option :
       {"--set KEY=VALUE", "--json FILE", "--csv FILE", "--svg FILE", "--svg-memory", "--trace FILE",
        "--trace-window FROM..TO", "--trace-ranks A-B", "--schedule-csv FILE", "--color WHEN"}) {
    INFO(option);
    CHECK(contains(run, std::string("\n  ") + option + " "));
  }
}

TEST_CASE("without a command the help goes to standard error", "[error]") {
  const Output output = run_program({});
  CHECK(output.status == 2);
  CHECK(output.out == "");
  CHECK(output.err == printed({"--help"}));
}

TEST_CASE("check names each scenario that is valid", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  write_text("b.yaml", kTrained);
  CHECK(printed({"check", "a.yaml", "b.yaml"}) == "a.yaml: ok\nb.yaml: ok\n");
}

TEST_CASE("colour is for terminals, and the environment and --color decide", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const auto coloured = [](bool terminal, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"run", "a.yaml"};
    words.insert(words.end(), more.begin(), more.end());
    const Output output = run_program(words, terminal);
    CHECK(output.status == 0);
    return contains(output.out, kBold);
  };
  {
    const ColourEnvironment none;
    CHECK(coloured(true));
    CHECK_FALSE(coloured(false));
    CHECK(coloured(false, {"--color", "always"}));
    CHECK_FALSE(coloured(true, {"--color=never"}));
    CHECK_FALSE(coloured(false, {"--color", "auto"}));
    CHECK_FALSE(coloured(true, {"--json", "-"}));
  }
  {
    const ColourEnvironment no_colour("NO_COLOR");
    CHECK_FALSE(coloured(true));
    CHECK(coloured(true, {"--color", "always"}));
  }
  {
    const ColourEnvironment empty("NO_COLOR", "");
    CHECK(coloured(true));
  }
  {
    const ColourEnvironment forced("FORCE_COLOR");
    CHECK(coloured(false));
    CHECK_FALSE(coloured(false, {"--color", "never"}));
    setenv("NO_COLOR", "1", 1);
    CHECK(coloured(false));
  }
  {
    const ColourEnvironment forced("CLICOLOR_FORCE");
    CHECK(coloured(false));
    setenv("NO_COLOR", "1", 1);
    CHECK_FALSE(coloured(false));
  }
  for (const char* name : {"FORCE_COLOR", "CLICOLOR_FORCE"}) {
    const ColourEnvironment nothing_forced(name, "0");
    INFO(name);
    CHECK_FALSE(coloured(false));
    CHECK(coloured(true));
    setenv("NO_COLOR", "1", 1);
    CHECK_FALSE(coloured(true));
  }
  {
    const ColourEnvironment dumb("TERM", "dumb");
    CHECK_FALSE(coloured(true));
  }
}
