// A graph in Graphviz's DOT language.
#include "sim/report/graph.h"
#include "sim/report/svg_palette.h"

namespace stagecraft {

namespace {

/// Text inside double quotes, where backslashes begin Graphviz's own escapes.
struct DotText {
  std::string_view text;
};
void append_to(std::string& to, DotText value) {
  for (const char c : value.text) {
    if (c == '"' || c == '\\') to += '\\';
    to += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
}

void write_node(const GraphPicture& picture, std::size_t v, TextWriter& out) {
  const GraphPictureNode& node = picture.nodes[v];
  out.put("  n", v, " [label=\"", DotText{node.label});
  if (!node.detail.empty()) out.put("\\n", DotText{node.detail});
  out.put("\"");
  if (node.group >= 0)
    out.put(" fillcolor=\"", lighten(series_colour(static_cast<std::size_t>(node.group)), 0.7), "\"");
  out.put("];\n");
}

void write_edge(const GraphPictureEdge& edge, TextWriter& out) {
  out.put("  n", edge.from, " -> n", edge.to);
  if (!edge.label.empty()) out.put(" [label=\"", DotText{edge.label}, "\"]");
  out.put(";\n");
}

}  // namespace

void write_graph_dot(const GraphPicture& picture, TextSink& sink) {
  TextWriter out(sink);
  out.put("digraph \"", DotText{picture.title}, "\" {\n",
          "  node [shape=box style=\"filled,rounded\" fillcolor=\"#f5f5f5\" fontname=\"Helvetica\"];\n",
          "  edge [color=\"#666666\" fontname=\"Helvetica\" fontsize=9];\n");
  for (std::size_t v = 0; v < picture.nodes.size(); ++v) write_node(picture, v, out);
  for (const GraphPictureEdge& edge : picture.edges) write_edge(edge, out);
  out.put("}\n");
  out.flush();
}

}  // namespace stagecraft
