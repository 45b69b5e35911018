#pragma once

#include <string>
#include <vector>

#include "sim/report/text.h"

namespace stagecraft {

struct GraphPictureNode {
  std::string label;    ///< its first line
  std::string detail;   ///< its second; may be empty
  int group = -1;       ///< index into GraphPicture::groups; -1: none
  double weight = 0;    ///< 0 to 1, drawn as a bar: its share of the heaviest
  std::string title{};  ///< all there is to say, where the mouse is; empty: label and detail
};

/// The output of `from` is read by `to`: indices into GraphPicture::nodes.
struct GraphPictureEdge {
  int from = 0;
  int to = 0;
  std::string label;  ///< in DOT alone; may be empty
};

/// What is drawn: a directed graph. REQUIRES: no cycles, edges between its nodes.
struct GraphPicture {
  std::string title{};     ///< in the first line and for screen readers
  std::string subtitle{};  ///< below it
  std::vector<GraphPictureNode> nodes{};
  std::vector<GraphPictureEdge> edges{};
  std::vector<std::string> groups{};  ///< names, in the order of their colours: seven, then colours repeat
};

/// Up to so many nodes are boxes with text, more are dots.
inline constexpr std::size_t kMostGraphBoxes = 120;
/// More are no picture but a cloud, and a file of many megabytes.
inline constexpr std::size_t kMostGraphDots = 50'000;

/// Draws the graph in levels from top to bottom as SVG: a node is below all that it reads. A box has two
/// lines of text, the colour of its group and a bar for its weight; dots have the colour of their group or,
/// without groups, of their level. Edges from one node that pass other levels run together, since they carry
/// one tensor. Same picture, same bytes. REQUIRES: at most kMostGraphDots nodes.
void write_graph_svg(const GraphPicture& picture, TextSink& sink);

/// The graph in Graphviz's language: labels, groups as fill colours, edges with their labels.
void write_graph_dot(const GraphPicture& picture, TextSink& sink);

}  // namespace stagecraft
