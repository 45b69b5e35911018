#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "models/profiled_graph.h"

namespace stagecraft {

/// A graph that a reader fills; it knows nodes by their ids. Errors are the reader's, which knows the places.
class GraphBuilder {
 public:
  ProfiledGraph graph;

  /// False, and nothing is added, where the id is taken.
  bool add(ProfiledNode node);
  /// Index of a node; -1 where there is none.
  int find(std::string_view id) const;
  /// False, and nothing is added, where there is one between the same nodes.
  bool add(const ProfiledEdge& edge);

  /// Every node's output becomes the largest of its edges, in formats that know no outputs.
  void outputs_from_edges();
  /// The graph, checked. Throws InputError about the file where check() refuses it.
  ProfiledGraph finish(const std::string& file);

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::unordered_map<std::string, int, TextHash, std::equal_to<>> ids_;
  std::unordered_set<std::uint64_t> edges_;
};

/// "no node has the id 'x'".
std::string no_such_node(std::string_view id);

}  // namespace stagecraft
