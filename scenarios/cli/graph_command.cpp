#include <fmt/format.h>

#include <ostream>

#include "base/error.h"
#include "models/profiled_readers.h"
#include "scenarios/cli/commands.h"
#include "scenarios/cli/outputs.h"
#include "scenarios/cli/table_files.h"
#include "scenarios/run/graph_report.h"

namespace stagecraft {

namespace {

void write_outputs(const ProfiledGraph& graph, const std::string& file, Outputs& outputs) {
  if (outputs.wants("svg") && graph.nodes.size() > kMostGraphDots)
    throw file_error(file, fmt::format("has {} nodes, too many to draw", graph.nodes.size()),
                     {fmt::format("--svg draws up to {}; --dot writes all", kMostGraphDots)});
  outputs.write("json", [&](TextSink& sink) { sink.write(graph_json(graph, file, version())); });
  outputs.write("yaml", [&](TextSink& sink) { sink.write(to_yaml(graph)); });
  outputs.write("dot", [&](TextSink& sink) { write_graph_dot(graph_picture(graph, file), sink); });
  outputs.write("svg", [&](TextSink& sink) { write_graph_svg(graph_picture(graph, file), sink); });
}

}  // namespace

Exit graph_command(const Arguments& arguments, Streams& streams) {
  if (arguments.positional.size() != 1) throw UsageError("graph takes one file");
  const std::string& file = arguments.positional[0];
  for (const char* option : {"json", "yaml", "dot", "svg"})
    if (arguments.has(option)) expect_not_overwritten(option, arguments.value(option), {file});
  Outputs outputs(arguments, {}, streams.out);
  const ProfiledGraph graph = read_profiled_graph(file);
  write_outputs(graph, file, outputs);
  outputs.finish();
  if (!outputs.stdout_taken()) streams.out << graph_summary(graph, file);
  outputs.print_names();
  flush_output(streams.out);
  outputs.commit();
  return Exit::Done;
}

}  // namespace stagecraft
