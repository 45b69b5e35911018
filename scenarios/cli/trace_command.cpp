#include <fmt/format.h>

#include <ostream>

#include "base/text.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/outputs.h"
#include "scenarios/cli/table_files.h"
#include "scenarios/reader/reader.h"
#include "scenarios/run/trace_report.h"

namespace stagecraft {

namespace {

/// The parts of names behind --comm, separated by commas.
std::optional<CommunicationRule> rule_of(const Arguments& arguments) {
  if (!arguments.has("comm")) return std::nullopt;
  CommunicationRule rule{.parts = {}};
  const std::string text = arguments.value("comm");
  for (const std::string_view part : split(text, ',')) {
    if (part.empty())
      throw UsageError(fmt::format(
          "option '--comm' needs parts of kernels' names, such as nccl,all_reduce, got '{}'", text));
    rule.parts.emplace_back(part);
  }
  return rule;
}

void write_outputs(const TraceResult& result, Outputs& outputs) {
  outputs.write("json", [&](TextSink& sink) { sink.write(json_report(result, version())); });
  outputs.write("csv", [&](TextSink& sink) { write_csv(result, sink); });
  outputs.write("svg", [&](TextSink& sink) { write_svg(result, sink); });
}

}  // namespace

Exit trace_command(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string>& files = arguments.positional;
  if (files.empty()) throw UsageError("trace takes one trace or more");
  if (arguments.has("set") && !arguments.has("against"))
    throw UsageError("option '--set' changes the scenario of '--against'; give that, too");
  const std::optional<CommunicationRule> rule = rule_of(arguments);
  std::optional<ReadScenario> scenario;
  if (arguments.has("against")) scenario = read_scenario(arguments.value("against"), arguments.values("set"));
  for (const char* option : {"json", "csv", "svg"})
    if (arguments.has(option)) expect_not_overwritten(option, arguments.value(option), files);
  Outputs outputs(arguments, scenario ? scenario_files(*scenario) : std::vector<ScenarioFile>{}, streams.out);
  TraceResult result = read_traces(files, rule);
  if (scenario) simulate_beside(result, *scenario);
  write_outputs(result, outputs);
  outputs.finish();
  if (!outputs.stdout_taken()) streams.out << console_report(result, streams.colour);
  outputs.print_names();
  flush_output(streams.out);
  outputs.commit();
  return Exit::Done;
}

}  // namespace stagecraft
