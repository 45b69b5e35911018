#pragma once

#include <vector>

#include "sim/report/graph.h"

namespace stagecraft {

/// Sizes in pixels.
struct GraphSizes {
  double node_width = 0;
  double node_height = 0;
  double pitch = 0;        ///< from a level to the next
  double gap = 0;          ///< between two nodes of a level
  double trunk_width = 0;  ///< what an edge takes that passes a level
};

/// A node of the picture or, behind those, a place where the edges of one node pass a level.
struct GraphVertex {
  int level = 0;
  double x = 0;  ///< of its middle, from 0 on
};

/// A piece of edge from a vertex to one of a later level; of the next one, but where edges run straight.
struct GraphSegment {
  int from = 0;
  int to = 0;
};

/// A layered drawing: levels by the longest path, an order in each level with few crossings, then places.
/// Source: Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures",
/// IEEE Trans. SMC 11(2), 1981; crossings by Barth, Jünger and Mutzel, "Simple and efficient bilayer cross
/// counting", JGAA 8(2), 2004; places by isotonic regression (Best and Chakravarti 1990).
struct GraphLayout {
  int nodes = 0;  ///< vertices from here on are passings
  int levels = 0;
  double width = 0;
  std::vector<GraphVertex> vertices;
  std::vector<GraphSegment> segments;
};

/// O((nodes + passings + edges) log) for a fixed number of sweeps. Deterministic.
GraphLayout graph_layout(const GraphPicture& picture, const GraphSizes& sizes);

}  // namespace stagecraft
