#include <catch2/catch.hpp>

#include "command_line.h"

using namespace stagecraft;

namespace {

constexpr const char* kTowers =
    "stagecraft_graph: 1\n"
    "name: two towers\n"
    "time_unit: ms\n"
    "devices: {memory: 16 GiB, micro_batches: 32}\n"
    "nodes:\n"
    "  - {id: text, description: Linear(8), forward: 1.5 ms, backward: 3 ms, output: 4 MiB, parameters: 64 "
    "MiB}\n"
    "  - {id: image, description: Linear(9), forward: 2 ms, backward: 4 ms, output: 8 MiB}\n"
    "  - {id: loss, description: Loss}\n"
    "  - {id: more, description: Loss}\n"
    "edges:\n"
    "  - {from: text, to: loss}\n"
    "  - {from: image, to: loss}\n"
    "  - {from: loss, to: more}\n";

std::string first_error(const std::vector<std::string>& words) {
  const Output output = run_program(words);
  CHECK(output.status == 2);
  CHECK(output.out.empty());
  return output.err.substr(0, output.err.find('\n'));
}

}  // namespace

TEST_CASE("graph sums up, draws and rewrites a profiled graph", "[golden]") {
  const TemporaryFolder folder;
  write_text("g.yaml", kTowers);
  const Output output =
      run_program({"graph", "g.yaml", "--svg", "g.svg", "--dot", "g.dot", "--yaml", "again.yaml"});
  CHECK(output.err.empty());
  REQUIRE(output.status == 0);
  CHECK(output.out ==
        "two towers: 4 nodes, 3 edges\n"
        "  Time       10.5 ms        forward 3.5 ms, backward 7 ms\n"
        "  Parameters 64 MiB\n"
        "  Output     8 MiB          the largest, image Linear(9)\n"
        "  Shape      3 deep         at least 2 wide, 2 sources, 1 sink, connected\n"
        "  Made for   16 GiB each, 32 micro-batches\n"
        "  Written    g.svg, g.dot, again.yaml\n");
  CHECK(read_text("g.svg").find(">text Linear</text>") != std::string::npos);
  CHECK(read_text("g.dot").find("n0 [label=\"text Linear\\n4.5 ms, 4 MiB\"") != std::string::npos);
  REQUIRE(run_program({"graph", "again.yaml", "--yaml", "-"}).out == read_text("again.yaml"));
}

TEST_CASE("graph --json - writes JSON alone", "[golden]") {
  const TemporaryFolder folder;
  write_text(
      "g.txt",
      "a -- A -- forward_compute_time=1.5, backward_compute_time=2.5, activation_size=4, parameter_size=8\n");
  const Output output = run_program({"graph", "g.txt", "--json", "-"});
  CHECK(output.err.empty());
  const std::size_t start = output.out.find("\"kind\"");
  REQUIRE(start != std::string::npos);
  CHECK(output.out.substr(start) ==
        "\"kind\": \"graph\",\n"
        "  \"file\": \"g.txt\",\n"
        "  \"name\": \"\",\n"
        "  \"nodes\": 1,\n"
        "  \"edges\": 0,\n"
        "  \"time_s\": 0.004,\n"
        "  \"forward_s\": 0.0015,\n"
        "  \"backward_s\": 0.0025,\n"
        "  \"parameter_bytes\": 8,\n"
        "  \"memory_bytes\": 0,\n"
        "  \"largest_output_bytes\": 4,\n"
        "  \"largest_output\": \"a\",\n"
        "  \"depth\": 1,\n"
        "  \"level_width\": 1,\n"
        "  \"sources\": 1,\n"
        "  \"sinks\": 1,\n"
        "  \"components\": 1,\n"
        "  \"variants\": 0,\n"
        "  \"notes\": []\n"
        "}\n");
}

TEST_CASE("graph says that Piper's seconds look like milliseconds, and where parts are apart") {
  const TemporaryFolder folder;
  const std::string way =
      R"("TMPCs": {"1": [{"id": "vanilla", "timePerSample": 2.5, "parameterSize": 0, "memoryUsageA": 0,
      "memoryUsageB": 0, "syncTimeFw": {}, "syncTimeBw": {}}]}})";
  write_text("g.json", R"({"nodes": [{"id": 0, )" + way + R"(, {"id": 1, )" + way + R"(], "edges": []})");
  const Output output = run_program({"graph", "g.json"});
  CHECK(output.err.empty());
  CHECK(output.out ==
        "g.json: 2 nodes, 0 edges\n"
        "  Time       5 s            forward and backward together\n"
        "  Parameters 0 B\n"
        "  Shape      1 deep         at least 2 wide, 2 sources, 2 sinks, 2 parts that nothing connects\n"
        "  Variants   2 ways         tensor-parallel degree 1; without recomputation\n"
        "  Note       2.5 s a node on average: these look like milliseconds in a format of seconds; kept as "
        "they are, as Piper itself computes with them\n");
}

TEST_CASE("what graph cannot do", "[error]") {
  const TemporaryFolder folder;
  write_text("g.yaml", kTowers);
  CHECK(first_error({"graph"}) == "stagecraft: error: graph takes one file");
  CHECK(first_error({"graph", "no.txt"}) == "no.txt: error: no such file");
  CHECK(first_error({"graph", "g.yaml", "--svg", "g.yaml"}) ==
        "stagecraft: error: option '--svg' would overwrite 'g.yaml', which is read");
  CHECK(first_error({"graph", "g.yaml", "--svg", "x", "--dot", "x"}) ==
        "stagecraft: error: options '--svg' and '--dot' name the same file: 'x'");
  CHECK(folder.names() == std::vector<std::string>{"g.yaml"});
}
