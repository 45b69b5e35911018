#include "models/profiled_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "base/random.h"
#include "models/model_error.h"
#include "random_graph.h"

using namespace stagecraft;

namespace {

/// Nodes "a", "b", ... with these edges.
ProfiledGraph graph_of(int nodes, const std::vector<std::pair<int, int>>& edges) {
  ProfiledGraph graph;
  for (int v = 0; v < nodes; ++v) graph.nodes.push_back({.id = std::string(1, static_cast<char>('a' + v))});
  for (const auto& [from, to] : edges) graph.edges.push_back({.from = from, .to = to});
  return graph;
}

std::string refused(const ProfiledGraph& graph) {
  try {
    check(graph);
  } catch (const ModelError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a diamond with a loose node: order, levels, parts") {
  const ProfiledGraph graph = graph_of(5, {{0, 1}, {0, 2}, {2, 3}, {1, 3}});
  const GraphIndex index = index_of(graph);
  CHECK(std::vector<int>(index.incoming(3).begin(), index.incoming(3).end()) == std::vector<int>{2, 3});
  CHECK(std::vector<int>(index.outgoing(0).begin(), index.outgoing(0).end()) == std::vector<int>{0, 1});
  const std::vector<int> order = topological_order(graph, index);
  CHECK(order == std::vector<int>{0, 4, 1, 2, 3});
  CHECK(levels(graph, index, order) == std::vector<int>{0, 1, 1, 2, 0});
  CHECK(components(graph) == std::vector<int>{0, 0, 0, 0, 1});
  const GraphShape shape = shape_of(graph);
  CHECK(shape.depth == 3);
  CHECK(shape.width == 2);
  CHECK(shape.sources == 2);
  CHECK(shape.sinks == 2);
  CHECK(shape.components == 2);
}

TEST_CASE("a graph that cannot be is refused", "[error]") {
  CHECK(refused(graph_of(3, {{0, 1}, {1, 2}})) == "no error");
  CHECK(refused({}) == "the graph has no nodes");
  CHECK(refused(graph_of(4, {{0, 1}, {1, 2}, {2, 1}, {2, 3}})) == "the nodes form a cycle: b -> c -> b");
  CHECK(refused(graph_of(2, {{0, 2}})) == "the edge 0 -> 2 leads outside the 2 nodes");
  CHECK(refused(graph_of(2, {{1, 1}})) == "node 'b' reads its own output");
  CHECK(refused(graph_of(2, {{0, 1}, {0, 1}})) == "the edge a -> b is given twice");
  ProfiledGraph graph = graph_of(2, {{0, 1}});
  graph.nodes[1].id = "a";
  CHECK(refused(graph) == "two nodes have the id 'a'");
  graph.nodes[1].id = "";
  CHECK(refused(graph) == "a node has no id");
  graph = graph_of(2, {{0, 1}});
  graph.nodes[1].backward = -0.5;
  CHECK(refused(graph) == "node 'b': the backward time is negative: -0.5");
  graph.nodes[1].backward = std::numeric_limits<double>::quiet_NaN();
  CHECK(refused(graph) == "node 'b': the backward time is not finite");
  graph.nodes[1].backward = 2e9;
  CHECK(refused(graph) == "node 'b': the backward time is above 1000000000: 2000000000");
  graph = graph_of(2, {{0, 1}});
  graph.edges[0].bytes = -1;
  CHECK(refused(graph) == "edge a -> b: the size is negative: -1");
  graph = graph_of(2, {{0, 1}});
  graph.variants.push_back({.node = 0});
  CHECK(refused(graph) == "there are variants of no node");
  graph.nodes[0].variants = 1;
  CHECK(refused(graph) == "node 'a': a variant lacks the bytes of its 1 edges");
  graph.sync_bytes = {3};
  CHECK(refused(graph) == "no error");
}

TEST_CASE("of a long cycle the first nodes are named", "[error]") {
  constexpr int kNodes = 200'000;
  ProfiledGraph graph;
  for (int v = 0; v < kNodes; ++v) {
    graph.nodes.push_back({.id = fmt::format("{}", v)});
    graph.edges.push_back({.from = v, .to = (v + 1) % kNodes});
  }
  const std::string text = refused(graph);
  CHECK(text.starts_with("the nodes form a cycle: 0 -> 1 -> 2 -> 3 -> "));
  CHECK(text.ends_with(" -> (199980 more) -> 0"));
}

TEST_CASE("a topological order has every node once, after all that it reads", "[property]") {
  RandomStream random(1, "profiled graphs");
  for (int round = 0; round < 200; ++round) {
    const ProfiledGraph graph = random_graph(random, 1 + static_cast<int>(random.below(60)));
    check(graph);
    const GraphIndex index = index_of(graph);
    const std::vector<int> order = topological_order(graph, index);
    REQUIRE(order.size() == graph.nodes.size());
    std::vector<int> position(order.size(), -1);
    for (std::size_t i = 0; i < order.size(); ++i)
      position[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    CHECK(std::find(position.begin(), position.end(), -1) == position.end());
    const std::vector<int> level = levels(graph, index, order);
    for (const ProfiledEdge& edge : graph.edges) {
      const auto from = static_cast<std::size_t>(edge.from), to = static_cast<std::size_t>(edge.to);
      CHECK(position[from] < position[to]);
      CHECK(level[from] < level[to]);
    }
  }
}
