// A profiled graph as a picture: what boxes say and which colours they have.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "scenarios/run/graph_report.h"
#include "sim/report/svg_palette.h"
#include "sim/report/svg_text.h"

namespace stagecraft {

namespace {

/// As many kinds have a colour of their own; the rest shares the last, grey.
constexpr std::size_t kOwnColours = kSeriesColours - 1;

/// "Conv2d" of "Conv2d(3, 64, kernel_size=(3, 3))".
std::string_view head(std::string_view description) {
  return description.substr(0, description.find_first_of("( \t"));
}

/// The head without a number at its end: "Input" of "Input0".
std::string_view kind_of(const ProfiledNode& node) {
  const std::string_view text = head(node.description);
  const std::size_t last = text.find_last_not_of("0123456789");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// The kinds of the nodes, the most frequent first, those of equal count in the order of the file.
std::vector<std::string_view> frequent_kinds(const ProfiledGraph& graph) {
  std::map<std::string_view, std::size_t> count;
  std::vector<std::string_view> kinds;
  for (const ProfiledNode& node : graph.nodes)
    if (count[kind_of(node)]++ == 0) kinds.push_back(kind_of(node));
  std::stable_sort(kinds.begin(), kinds.end(),
                   [&](std::string_view a, std::string_view b) { return count[a] > count[b]; });
  return kinds;
}

void group_by_pass(const ProfiledGraph& graph, GraphPicture& picture) {
  picture.groups = {"forward", "backward"};
  for (std::size_t v = 0; v < graph.nodes.size(); ++v)
    picture.nodes[v].group = graph.nodes[v].is_gradient ? 1 : 0;
}

void group_by_kind(const ProfiledGraph& graph, GraphPicture& picture) {
  const std::vector<std::string_view> kinds = frequent_kinds(graph);
  if (kinds.size() < 2 || 2 * kinds.size() > graph.nodes.size()) return;
  const std::size_t own = kinds.size() <= kSeriesColours ? kinds.size() : kOwnColours;
  for (std::size_t i = 0; i < own; ++i)
    picture.groups.push_back(kinds[i].empty() ? "without a name" : std::string(kinds[i]));
  if (own < kinds.size()) picture.groups.push_back("others");
  for (std::size_t v = 0; v < graph.nodes.size(); ++v) {
    const auto found = std::find(kinds.begin(), kinds.end(), kind_of(graph.nodes[v])) - kinds.begin();
    picture.nodes[v].group = static_cast<int>(std::min(static_cast<std::size_t>(found), own));
  }
}

std::string label_of(const ProfiledNode& node) {
  const std::string_view what = head(node.description);
  return what.empty() || what == node.id ? node.id : fmt::format("{} {}", node.id, what);
}

/// "4.3 ms, 57.42 MiB", without what is zero.
std::string detail_of(const ProfiledGraph& graph, const ProfiledNode& node) {
  std::string text;
  if (node.time() > 0) text = seconds_for_people(graph.seconds(node.time()));
  if (node.output_bytes > 0) text += (text.empty() ? "" : ", ") + bytes_for_people(node.output_bytes);
  return text;
}

std::string title_of(const ProfiledGraph& graph, const ProfiledNode& node) {
  std::string text = node.id;
  if (!node.description.empty()) text += fmt::format(" {}", node.description);
  const auto add = [&](std::string_view what, const std::string& value) {
    text += fmt::format("; {} {}", what, value);
  };
  if (node.forward > 0)
    add(graph.both_passes ? "forward and backward" : "forward",
        seconds_for_people(graph.seconds(node.forward)));
  if (node.backward > 0) add("backward", seconds_for_people(graph.seconds(node.backward)));
  if (node.output_bytes > 0) add("output", bytes_for_people(node.output_bytes));
  if (node.parameter_bytes > 0) add("parameters", bytes_for_people(node.parameter_bytes));
  return text;
}

std::string subtitle_of(const ProfiledGraph& graph) {
  const GraphTotals sums = totals(graph);
  std::string text = fmt::format("{} nodes, {} edges; {} forward and backward",
                                 with_commas(graph.nodes.size()), with_commas(graph.edges.size()),
                                 seconds_for_people(graph.seconds(sums.forward + sums.backward)));
  if (sums.parameter_bytes > 0)
    text += fmt::format(", {} of parameters", bytes_for_people(sums.parameter_bytes));
  return text;
}

}  // namespace

GraphPicture graph_picture(const ProfiledGraph& graph, const std::string& file) {
  GraphPicture picture{.title = graph.name.empty() ? file.substr(file.rfind('/') + 1) : graph.name,
                       .subtitle = subtitle_of(graph)};
  double most = 0;
  for (const ProfiledNode& node : graph.nodes) most = std::max(most, node.time());
  for (const ProfiledNode& node : graph.nodes)
    picture.nodes.push_back({.label = label_of(node),
                             .detail = detail_of(graph, node),
                             .weight = most > 0 ? node.time() / most : 0,
                             .title = title_of(graph, node)});
  for (const ProfiledEdge& edge : graph.edges)
    picture.edges.push_back(
        {edge.from, edge.to, edge.bytes > 0 ? bytes_for_people(edge.bytes) : std::string()});
  // Many nodes are dots: there the level says more than seven colours.
  if (graph.nodes.size() > kMostGraphBoxes) return picture;
  const bool passes = std::any_of(graph.nodes.begin(), graph.nodes.end(),
                                  [](const ProfiledNode& node) { return node.is_gradient; });
  passes ? group_by_pass(graph, picture) : group_by_kind(graph, picture);
  return picture;
}

}  // namespace stagecraft
