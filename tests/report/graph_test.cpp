#include "sim/report/graph.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/report/graph_layout.h"

using namespace stagecraft;

namespace {

constexpr GraphSizes kSizes{.node_width = 100, .node_height = 30, .pitch = 50, .gap = 10, .trunk_width = 4};

GraphPicture picture_of(int nodes, std::vector<GraphPictureEdge> edges) {
  GraphPicture picture;
  for (int v = 0; v < nodes; ++v) picture.nodes.push_back({.label = "n" + std::to_string(v)});
  picture.edges = std::move(edges);
  return picture;
}

std::string svg(const GraphPicture& picture) {
  StringSink sink;
  write_graph_svg(picture, sink);
  return sink.text;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a chain is drawn straight, and so is the edge that passes it") {
  const GraphLayout layout = graph_layout(picture_of(4, {{0, 1}, {1, 2}, {2, 3}, {0, 3}}), kSizes);
  CHECK(layout.levels == 4);
  REQUIRE(layout.vertices.size() == 6);  // the long edge passes two levels
  const auto x = [&](int v) { return layout.vertices[static_cast<std::size_t>(v)].x; };
  for (const int v : {0, 1, 2}) CHECK(x(v) == Approx(x(3)).margin(0.5));
  CHECK(x(4) == Approx(x(5)).margin(0.5));
  CHECK(x(4) - x(1) >= 62);
}

TEST_CASE("edges of one node share their way past other levels") {
  const GraphLayout layout =
      graph_layout(picture_of(5, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 2}, {0, 3}, {0, 4}}), kSizes);
  CHECK(layout.vertices.size() == 5 + 3);
  CHECK(layout.segments.size() == 4 + 3 + 3);
}

TEST_CASE("two crossed edges are drawn uncrossed, and nodes keep their distance") {
  const GraphLayout layout = graph_layout(picture_of(4, {{0, 3}, {1, 2}}), kSizes);
  const auto x = [&](int v) { return layout.vertices[static_cast<std::size_t>(v)].x; };
  CHECK((x(0) < x(1)) == (x(3) < x(2)));
  CHECK(std::abs(x(0) - x(1)) >= 110);
  CHECK(std::abs(x(2) - x(3)) >= 110);
}

TEST_CASE("a source stands next to its first reader") {
  const GraphLayout layout = graph_layout(picture_of(4, {{0, 1}, {1, 2}, {3, 2}}), kSizes);
  CHECK(layout.vertices[3].level == 1);
}

TEST_CASE("a small graph is boxes with text, groups and bars") {
  GraphPicture picture = picture_of(2, {{0, 1}});
  picture.title = "a < b";
  picture.nodes[0] = {.label = "Linear", .detail = "1 ms", .group = 0, .weight = 0.5, .title = "all & more"};
  picture.groups = {"Linear", "Loss"};
  const std::string text = svg(picture);
  CHECK(count(text, "<rect class=\"b0\"") == 2);  // the node and the legend
  CHECK(count(text, "<rect class=\"n0\"") == 1);
  CHECK(count(text, "marker-end") == 1);
  CHECK(text.find("<title id=\"t\">a &lt; b</title>") != std::string::npos);
  CHECK(text.find("<title>all &amp; more</title>") != std::string::npos);
  CHECK(text.find(">1 ms</text>") != std::string::npos);
  CHECK(svg(picture) == text);
}

TEST_CASE("a large graph is dots without text, coloured by level") {
  std::vector<GraphPictureEdge> edges;
  for (int v = 1; v < 300; ++v) edges.push_back({(v - 1) / 2, v});
  const std::string text = svg(picture_of(300, edges));
  CHECK(count(text, "<circle") == 300);
  CHECK(count(text, "<text") == 2);  // title and subtitle
  CHECK(count(text, "fill=\"#0072b2\"") == 1);
  CHECK(count(text, "fill=\"#e69f00\"") == 300 - 255);
}

TEST_CASE("a graph in DOT", "[golden]") {
  GraphPicture picture = picture_of(2, {{0, 1, "4 MiB"}});
  picture.title = "say \"a\"";
  picture.nodes[0] = {.label = "Linear\\n", .detail = "1 ms", .group = 0};
  StringSink sink;
  write_graph_dot(picture, sink);
  CHECK(sink.text ==
        "digraph \"say \\\"a\\\"\" {\n"
        "  node [shape=box style=\"filled,rounded\" fillcolor=\"#f5f5f5\" fontname=\"Helvetica\"];\n"
        "  edge [color=\"#666666\" fontname=\"Helvetica\" fontsize=9];\n"
        "  n0 [label=\"Linear\\\\n\\n1 ms\" fillcolor=\"#b3d5e8\"];\n"
        "  n1 [label=\"n1\"];\n"
        "  n0 -> n1 [label=\"4 MiB\"];\n"
        "}\n");
}
