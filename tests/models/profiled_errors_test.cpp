#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "models/profiled_readers.h"
#include "tests/base/error_of.h"

using namespace stagecraft;

namespace {

std::string error(const std::string& text) {
  return error_of([&] { parse_profiled_graph(text, "g"); });
}

/// The first line of the error, which the source line and the caret follow.
std::string first_line(const std::string& text) {
  const std::string all = error(text);
  return all.substr(0, all.find('\n'));
}

const std::string kNumbers =
    "forward_compute_time=1, backward_compute_time=2, activation_size=4, parameter_size=8";

/// A graph in Piper's form of one node, with this way to run it.
std::string piper(const std::string& variant) {
  return fmt::format(R"({{"maxDevices": 2, "nodes": [{{"id": 0, "TMPCs": {{"1": [
{}]}}}}], "edges": []}})",
                     variant);
}

constexpr const char* kVariant =
    R"({"id": "vanilla", "timePerSample": 1, "parameterSize": 4, "memoryUsageA": 2, "memoryUsageB": 8,)";

}  // namespace

TEST_CASE("a file of no known format says what was tried", "[error]") {
  const std::string tried =
      "g: error: is no graph of a known format; tried:\n"
      "      = PipeDream's graph.txt: lines 'node1 -- NAME -- forward_compute_time=...'\n"
      "      = Piper's JSON: 'nodes' with 'TMPCs'\n"
      "      = dnn-partitioning's JSON: 'nodes' with 'fpgaLatency'\n"
      "      = our own YAML: 'stagecraft_graph: 1', 'nodes' and 'edges'";
  for (const char* text :
       {"", "hello\n", "{}", R"({"nodes": 3})", R"({"nodes": [{"id": 0}]})", "[1, 2]", "\0"})
    CHECK(error(text) == tried);
  CHECK(error_of([] { read_profiled_graph("absent.json"); }) == "absent.json: error: no such file");
}

TEST_CASE("what is wrong in a graph.txt is shown", "[error]") {
  const std::string a = "a -- A -- " + kNumbers + "\n", b = "b -- B -- " + kNumbers + "\n";
  CHECK(error(a + b + "\ta -- b\n\tb -- a\n") == "g: error: the nodes form a cycle: a -> b -> a");
  CHECK(error(a + "\ta -- a\n") == "g: error: node 'a' reads its own output");
  CHECK(error(a + "\ta -- x\n") ==
        "g:2:7: error: no node has the id 'x'\n"
        "    2 | \\ta -- x\n"
        "      |        ^");
  CHECK(error(a + b + "\ta -- b\n\ta -- b\n") ==
        "g:4:2: error: the edge is given twice\n"
        "    4 | \\ta -- b\n"
        "      |   ^");
  CHECK(error(a + "\ta b\n") ==
        "g:2:2: error: is no edge\n"
        "    2 | \\ta b\n"
        "      |   ^\n"
        "      = an edge is a tab and: node1 -- node2");
  CHECK(error("a -- A\n") ==
        "g:1:1: error: is no node\n"
        "    1 | a -- A\n"
        "      | ^\n"
        "      = a node is one line: node1 -- NAME -- forward_compute_time=MS, backward_compute_time=MS, "
        "activation_size=BYTES, parameter_size=BYTES");
  CHECK(first_line(a + a) == "g:2:1: error: the node 'a' is given twice");
  const auto with = [](const std::string& numbers) { return first_line("a -- A -- " + numbers + "\n"); };
  CHECK(with("forward_compute_time=-1, x") ==
        "g:1:32: error: 'forward_compute_time' must be a number from 0 to 1000000000000, got '-1'");
  CHECK(with("forward_compute_time=nan, x") ==
        "g:1:32: error: 'forward_compute_time' must be a number from 0 to 1000000000000, got 'nan'");
  CHECK(with("forward_compute_time=1e13, x") ==
        "g:1:32: error: 'forward_compute_time' must be a number from 0 to 1000000000000, got '1e13'");
  CHECK(with("forward_compute_time=1, x=2") == "g:1:35: error: 'backward_compute_time=' is missing");
  CHECK(with("forward_compute_time=1, backward_compute_time=2, activation_size=[4; x], parameter_size=1") ==
        "g:1:80: error: 'activation_size' must be a number from 0 to 1e+18, got 'x'");
  CHECK(with("forward_compute_time=1, backward_compute_time=2, activation_size=[4, parameter_size=1") ==
        "g:1:76: error: 'activation_size' lacks the ']' of its list");
  CHECK(with(kNumbers + ", more=1") == "g:1:97: error: is more than a node has");
  CHECK(with(kNumbers + " -- stage=1") == "g:1:99: error: must be 'stage_id=' and a number, got 'stage=1'");
  CHECK(error("a -- \x01 -- " + kNumbers + "\n") ==
        "g: error: node 'a': id and description must be UTF-8 without control characters");
}

TEST_CASE("what is wrong in Piper's JSON is shown", "[error]") {
  CHECK(error(piper(std::string(kVariant) + R"( "syncTimeFw": {}, "syncTimeBw": {}})")) == "no error");
  CHECK(error(piper(R"({"id": "vanilla", "timePerSample": "fast"})")) ==
        "g:2:36: error: 'timePerSample' must be a number, got the text 'fast'\n"
        "    2 | {\"id\": \"vanilla\", \"timePerSample\": \"fast\"}]}}], \"edges\": []}\n"
        "      |                                    ^");
  CHECK(first_line(piper(R"({"id": "vanilla", "timePerSample": -1})")) ==
        "g:2:36: error: 'timePerSample' must be at least 0, got '-1'");
  CHECK(first_line(piper(R"({"id": "vanilla"})")) == "g:2:1: error: 'timePerSample' is missing");
  CHECK(first_line(piper(R"({"id": "vanilla", "timePerSample": NaN})"))
            .starts_with("g:2:36: error: is not valid JSON: invalid literal"));
  CHECK(first_line(piper(std::string(kVariant) + R"( "syncTimeFw": {}, "syncTimeBw": {"3": 1}})")) ==
        "g:2:130: error: 'syncTimeBw' has node '3', to which there is no such edge");
  CHECK(first_line(R"({"maxDevices": 1, "nodes": [{"id": 0, "TMPCs": {}}], "edges": []})") ==
        "g:1:48: error: 'TMPCs' has no way to run the node");
  CHECK(first_line(R"({"maxDevices": 1, "nodes": [{"id": 0, "TMPCs": {"0": []}}], "edges": []})") ==
        "g:1:49: error: 'TMPCs' has tensor-parallel degrees as keys, 1 and more, got '0'");
  CHECK(first_line(R"({"maxDevices": 1, "nodes": [{"id": 0}, {"id": 0}], "edges": []})") ==
        "g:1:47: error: the node '0' is given twice");
  CHECK(first_line(R"({"maxDevices": 1, "nodes": [{"id": 0}], "edges": [{"sourceId": 0, "destId": 9}]})") ==
        "g:1:77: error: no node has the id '9'");
  CHECK(first_line(R"({"maxDevices": 1, "nodes": [{"id": 0}]})") == "g:1:1: error: 'edges' is missing");
}

TEST_CASE("what is wrong in dnn-partitioning's JSON is shown", "[error]") {
  const auto with = [](const std::string& edge) {
    const std::string rest =
        R"("supportedOnFpga": 1, "cpuLatency": 1, "fpgaLatency": 1, "isBackwardNode": 0, "size": 1})";
    return error(
        fmt::format("{{\"maxFPGAs\": 1, \"nodes\": [{{\"id\": 1, {},\n{{\"id\": 2, {}],\n\"edges\": [{}]}}",
                    rest, rest, edge));
  };
  CHECK(with("") == "no error");
  CHECK(with(R"({"sourceId": 1, "destId": 2})") ==
        "g:3:11: error: 'cost' is missing\n"
        "    3 | \"edges\": [{\"sourceId\": 1, \"destId\": 2}]}\n"
        "      |           ^");
  CHECK(with(R"({"sourceId": 1, "destId": 2, "cost": 1}, {"sourceId": 2, "destId": 1, "cost": 1})") ==
        "g: error: the nodes form a cycle: 1 -> 2 -> 1");
}

TEST_CASE("what is wrong in our own YAML is shown", "[error]") {
  const auto with = [](const std::string& node, const std::string& rest = "") {
    return error(fmt::format("stagecraft_graph: 1\nnodes:\n  - {{{}}}\n{}", node, rest));
  };
  CHECK(with("id: a, forward: 1.5") ==
        "g:3:22: error: 'nodes.0.forward' needs a unit, such as \"5 ms\"\n"
        "    3 |   - {id: a, forward: 1.5}\n"
        "      |                      ^");
  CHECK(with("id: a, forward: 1.5 parsec") ==
        "g:3:22: error: 'nodes.0.forward' has the unknown unit 'parsec'\n"
        "    3 |   - {id: a, forward: 1.5 parsec}\n"
        "      |                      ^\n"
        "      = known units: ns, us, ms, s, min, h");
  CHECK(with("id: a, forward: -1 ms") ==
        "g:3:22: error: 'nodes.0.forward' must not be negative, got '-1 ms'\n"
        "    3 |   - {id: a, forward: -1 ms}\n"
        "      |                      ^");
  CHECK(with("id: a, forward: 400000 h") ==
        "g:3:22: error: 'nodes.0.forward' must be at most 1000000000 s, got '400000 h'\n"
        "    3 |   - {id: a, forward: 400000 h}\n"
        "      |                      ^");
  CHECK(with("id: a, foward: 1 ms") ==
        "g:3:13: error: unknown key 'foward' in 'nodes.0'; did you mean 'forward'?\n"
        "    3 |   - {id: a, foward: 1 ms}\n"
        "      |             ^\n"
        "      = known keys: backward, colour, cpu, description, forward, gradient, id, memory, needs_cpu, "
        "output, parameters, stage, variants");
  CHECK(with("id: a", "edges:\n  - {from: a, to: c}\n") ==
        "g:5:19: error: no node has the id 'c'\n"
        "    5 |   - {from: a, to: c}\n"
        "      |                   ^");
  CHECK(with("id: a", "  - {id: a}\n") ==
        "g:4:10: error: the node 'a' is given twice\n"
        "    4 |   - {id: a}\n"
        "      |          ^");
  CHECK(with("id: a, variants: [{time: 1 ms, exchanged: [1 B]}]") ==
        "g:3:37: error: 'nodes.0.variants.0.exchanged' must have 0 entries, one for each edge in and out of "
        "the "
        "node, or none; got 1\n"
        "    3 |   - {id: a, variants: [{time: 1 ms, exchanged: [1 B]}]}\n"
        "      |                                     ^");
  CHECK(error("stagecraft_graph: 1\nnodes: []\n") == "g: error: the graph has no nodes");
}
