#include <catch2/catch.hpp>
#include <functional>

#include "models/model_error.h"
#include "models/operator_graph.h"

namespace stagecraft {
namespace {

OperatorGraph graph_of(int operators, std::vector<Edge> edges) {
  OperatorGraph graph;
  for (int i = 0; i < operators; ++i) graph.add({.name = std::string(1, static_cast<char>('a' + i))});
  graph.edges = std::move(edges);
  return graph;
}

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const ModelError& error) {
    return error.setting + ": " + error.what();
  }
  return "no error";
}

/// a -> {b -> c, d} -> e: two branches of different length.
OperatorGraph branches() {
  return graph_of(5, {{0, 1}, {1, 2}, {0, 3}, {2, 4}, {3, 4}});
}

}  // namespace

TEST_CASE("operators come after their inputs, the lowest index first", "[property]") {
  CHECK(topological_order(branches()) == std::vector{0, 1, 2, 3, 4});
  CHECK(topological_order(graph_of(4, {{3, 0}, {2, 0}, {1, 2}})) == std::vector{1, 2, 3, 0});
  CHECK(topological_order({}).empty());
}

TEST_CASE("a cycle is named", "[error]") {
  const OperatorGraph graph = graph_of(5, {{0, 1}, {1, 2}, {2, 3}, {3, 1}, {3, 4}});
  CHECK(message_of([&] { topological_order(graph); }) ==
        "model.graph: the operators form a cycle: b -> c -> d -> b");
  const OperatorGraph self = graph_of(1, {{0, 0}});
  CHECK(message_of([&] { topological_order(self); }) == "model.graph: the operators form a cycle: a -> a");
}

TEST_CASE("an edge to nowhere is refused", "[error]") {
  CHECK(message_of([] {
          topological_order(graph_of(2, {{0, 2}}));
        }) == "model.graph: the edge 0 -> 2 leads outside the 2 operators");
}

TEST_CASE("contiguous runs of the topological order are convex stages", "[property]") {
  const OperatorGraph graph = branches();
  CHECK(contiguous_stages(graph, std::vector{2, 2, 1}) == std::vector{0, 0, 1, 1, 2});
  for (int first = 0; first <= 5; ++first) {
    for (int second = 0; first + second <= 5; ++second) {
      CHECK_NOTHROW(
          stage_edges(graph, contiguous_stages(graph, std::vector{first, second, 5 - first - second})));
    }
  }
  CHECK(message_of([&] {
          contiguous_stages(graph, std::vector{2, 2});
        }) == "model.graph: stages of 2 + 2 operators do not add up to the graph's 5");
}

TEST_CASE("stages of a branching graph form a graph of their own", "[property]") {
  // The branches b, c and d are stages beside each other, as GraphPipe wants them.
  CHECK(stage_edges(branches(), std::vector{0, 1, 1, 2, 3}) ==
        std::vector<Edge>{{0, 1}, {0, 2}, {1, 3}, {2, 3}});
  CHECK(stage_edges(branches(), std::vector{0, 0, 0, 0, 0}).empty());
}

TEST_CASE("a stage that is left and entered again is refused", "[error]") {
  CHECK(message_of([] {
          stage_edges(branches(), std::vector{0, 1, 0, 0, 2});
        }) == "model.graph: stages wait for each other: 0 -> 1 -> 0");
  CHECK(message_of([] {
          stage_edges(branches(), std::vector{0, 1});
        }) == "model.graph: 2 stages are given for 5 operators");
  CHECK(message_of([] {
          stage_edges(branches(), std::vector{0, 1, 1, -1, 2});
        }) == "model.graph: operator 'd' has stage -1");
}

TEST_CASE("a matrix product grows in the dimension that the samples are in", "[formula]") {
  const Gemm rows{.m = 8, .n = 4, .k = 2, .grows = Gemm::Grows::M};
  CHECK(rows.at(3) == Gemm{.m = 24, .n = 4, .k = 2, .grows = Gemm::Grows::M});
  CHECK(Gemm{.m = 8, .n = 4, .k = 2, .grows = Gemm::Grows::K}.at(3).k == 6);
  CHECK(Gemm{.m = 8, .n = 4, .k = 2, .batch = 5, .grows = Gemm::Grows::Batch}.at(3).batch == 15);
  CHECK(rows.at(3).flops() == 3 * rows.flops());
  CHECK(rows.flops() == 2 * 8 * 4 * 2);
}

TEST_CASE("appended graphs hang on the last operator", "[property]") {
  OperatorGraph graph = graph_of(2, {{0, 1}});
  graph.append(graph_of(3, {{0, 2}, {1, 2}}));
  CHECK(graph.operators.size() == 5);
  CHECK(graph.edges == std::vector<Edge>{{0, 1}, {2, 4}, {3, 4}, {1, 2}, {1, 3}});
}

}  // namespace stagecraft
