#include "models/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "models/model_error.h"

namespace stagecraft {

bool GraphBuilder::add(ProfiledNode node) {
  if (!ids_.emplace(node.id, static_cast<int>(graph.nodes.size())).second) return false;
  graph.nodes.push_back(std::move(node));
  return true;
}

int GraphBuilder::find(std::string_view id) const {
  const auto found = ids_.find(id);
  return found == ids_.end() ? -1 : found->second;
}

bool GraphBuilder::add(const ProfiledEdge& edge) {
  const auto ends = static_cast<std::uint64_t>(edge.from) << 32 | static_cast<std::uint64_t>(edge.to);
  if (!edges_.insert(ends).second) return false;
  graph.edges.push_back(edge);
  return true;
}

void GraphBuilder::outputs_from_edges() {
  for (const ProfiledEdge& edge : graph.edges) {
    double& output = graph.nodes[static_cast<std::size_t>(edge.from)].output_bytes;
    output = std::max(output, edge.bytes);
  }
}

ProfiledGraph GraphBuilder::finish(const std::string& file) {
  try {
    check(graph);
  } catch (const ModelError& error) {
    throw file_error(file, error.what());
  }
  return std::move(graph);
}

std::string no_such_node(std::string_view id) {
  return fmt::format("no node has the id {}", in_quotes(id));
}

}  // namespace stagecraft
