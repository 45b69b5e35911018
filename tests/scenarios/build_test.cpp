#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

/// What `run` says of a.yaml.
json report(const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> words{"run", "a.yaml", "--json", "-"};
  for (const std::string& assignment : overrides) words.insert(words.end(), {"--set", assignment});
  const Output output = run_program(words);
  CHECK(output.err == "");
  REQUIRE(output.status == 0);
  return json::parse(output.out);
}

std::int64_t static_bytes(const json& run) {
  std::int64_t sum = 0;
  for (const json& rank : run["ranks"]) sum += rank["static_memory_bytes"].get<std::int64_t>();
  return sum;
}

}  // namespace

TEST_CASE("costs follow the placement of a schedule from a file: a V shape has the tied table once",
          "[formula]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "model: {preset: gpt-1.7b}\n"
             "cluster: {preset: dgx-a100, nodes: 1}\n"
             "parallel: {pipeline: 2}\n"
             "batch: {global: 1}\n"
             "pipeline: {csv: s.csv}\n");
  write_text("s.csv", "0F0,2F0,2B0,0B0\n1F0,3F0,3B0,1B0\n");
  const json round = report();
  write_text("s.csv", "0F0,3F0,3B0,0B0\n1F0,2F0,2B0,1B0\n");
  const json v = report();
  // 18 bytes for each of the table's 51,200 x 2,304 parameters
  CHECK(static_bytes(round) - static_bytes(v) == 18 * 51200 * std::int64_t{2304});
  CHECK(v["metrics"]["makespan_s"] < round["metrics"]["makespan_s"]);
}

// Rank 0 has 18 of 24 layers and takes 3 and 6 ms; rank 1 takes 1 and 2 ms. Rank 0: F0 0-3, F1 3-6, B0 6-12,
// B1 12-18 ms.
TEST_CASE("given times per stage go with layers per stage", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "model: {preset: gpt-1.7b}\n"
             "cluster: {preset: dgx-a100, nodes: 1}\n"
             "parallel: {pipeline: 2}\n"
             "batch: {global: 2}\n"
             "pipeline: {layers: [18, 6]}\n"
             "costs: {model: uniform, forward: [3 ms, 1 ms], backward: [6 ms, 2 ms]}\n");
  const json run = report();
  CHECK(run["metrics"]["makespan_s"] == 0.018);
  CHECK(run["metrics"]["devices"] == 2);
}
