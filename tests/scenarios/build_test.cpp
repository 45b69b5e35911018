#include <fmt/format.h>

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

// GPipe, hops of 3 ms. Rank 0: F0 0-1, F1 1-2 ms. A link of its own for each: F1 arrives at 5; rank 1: F0
// 4-5, F1 5-6, B0 6-8, B1 8-10; gradients arrive at 11 and 13; rank 0: B0 11-13, B1 13-15 ms. One link each
// way: F1 waits for F0's transfer until 4 and arrives at 7; rank 1: F0 4-5, F1 7-8, B0 8-10, B1 10-12; B0's
// gradient 10-13, B1's queues from 12 and goes 13-16; rank 0: B0 13-15, B1 16-18 ms.
TEST_CASE("transfers queue where links are shared", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "pipeline: {schedule: gpipe, stages: 2, microbatches: 2}\n"
             "costs: {forward: 1 ms, backward: 2 ms, transfer: 3 ms}\n");
  CHECK(report()["metrics"]["makespan_s"] == 0.015);
  CHECK(report({"pipeline.shared_links=true"})["metrics"]["makespan_s"] == 0.018);
}

TEST_CASE("published numbers are left out where an option makes it another scenario", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml", std::string(kTrained) + "published: {source: somebody, makespan: 12 s}\n");
  const auto published_line = [](const std::string& assignment) {
    const std::string out = run_program({"run", "a.yaml", "--set", assignment}).out;
    const std::size_t begin = out.find("  Published");
    return begin == std::string::npos ? "" : out.substr(begin, out.find('\n', begin) - begin);
  };
  for (const char* assignment :
       {"pipeline.schedule=gpipe", "batch={global: 96}", "model.sequence=1024", "costs={roofline: {}}"}) {
    CHECK(published_line(assignment) ==
          std::string("  Published  left out: --set ") + assignment + " is not what was published");
    CHECK_FALSE(report({assignment}).contains("published"));
  }
  for (const char* assignment :
       {"name=mine", "published.makespan=13 s", "costs.roofline.gemm_efficiency=0.8"}) {
    INFO(assignment);
    CHECK(report({assignment}).contains("published"));
  }
}

TEST_CASE("roofline costs on another device than the A100 come with a note", "[golden]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "model: {preset: gpt-1.7b}\n"
             "cluster: {preset: dgx-a100}\n"
             "batch: {global: 1}\n");
  CHECK_FALSE(report().contains("notes"));
  const std::string note =
      "h100: datasheet peaks with efficiencies fitted on A100; not compared with measurements";
  CHECK(report({"cluster.preset=dgx-h100"})["notes"] == json::array({note}));
  const std::string out = run_program({"run", "a.yaml", "--set", "cluster.preset=dgx-h100"}).out;
  CHECK(out.substr(out.rfind("\n  ") + 1) == "  Note       " + note + "\n");
  // Given times need no constants.
  CHECK_FALSE(report({"cluster.preset=dgx-h100", "costs={model: uniform, forward: 1 s, backward: 2 s}"})
                  .contains("notes"));
}

TEST_CASE("given times that no such device can reach come with a note", "[formula]") {
  const TemporaryFolder folder;
  write_text("a.yaml",
             "model: {preset: gpt-1.7b}\n"
             "cluster: {preset: dgx-a100}\n"
             "parallel: {tensor: 2, pipeline: 2}\n"
             "batch: {global: 8, micro: 2}\n"
             "costs: {model: uniform, forward: 1 ms, backward: 3 ms}\n");
  // 72 s l h^2 (1 + s/6h + V/12lh) FLOPs of a sample (Narayanan et al., SC 2021, equation 3 without the
  // recomputed forward); two samples, on two ranks of two devices of 312 TFLOP/s that take 4 ms each
  const double s = 2048, l = 24, h = 2304, v = 51200;
  const double flops = 72 * s * l * h * h * (1 + s / (6 * h) + v / (12 * l * h));
  const double share = 2 * flops / 2 / (2 * 0.004 * 312e12);
  CHECK(report()["notes"] ==
        json::array({fmt::format(
            "the given times would need {:.4g} times the device's peak for this model's FLOPs", share)}));
  CHECK_FALSE(report({"costs.forward=10 s"}).contains("notes"));
}

namespace {

constexpr const char* kTable =
    "stagecraft_table: 1\n"
    "device: h200\n"
    "source: made up\n"
    "sections:\n"
    "  - {family: gemm, latency_us: 3, flops_share: 0.8, bytes_share: 0.8, deviation_scale: 0.2}\n"
    "---\n"
    "gemm bf16\n"
    "n,k,m=8192\n"
    "4096,4096,400\n";

std::string profiled(const std::string& cluster, const std::string& costs) {
  return "model: {preset: llama3-8b, sequence: 8192, attention: flash}\n"
         "cluster: {preset: " +
         cluster +
         "}\n"
         "batch: {global: 8}\n"
         "costs: " +
         costs + "\n";
}

}  // namespace

TEST_CASE("profiled costs come from the table, and the report says whose it is", "[golden]") {
  const TemporaryFolder folder;
  write_text("t.yaml", kTable);
  write_text("a.yaml", profiled("dgx-h200", "{model: profiled, table: t.yaml}"));
  const Output output = run_program({"run", "a.yaml"});
  CHECK(output.err.empty());
  REQUIRE(output.status == 0);
  CHECK(output.out.find(" profiled costs, 1 device") != std::string::npos);
  CHECK(output.out.find("gemm from measured kernels (made up), all else by the roofline with efficiencies") !=
        std::string::npos);
}

TEST_CASE("profiled costs without a table of their device are refused", "[error]") {
  const TemporaryFolder folder;
  write_text("t.yaml", kTable);
  const auto error = [](const std::string& text) {
    write_text("a.yaml", text);
    const Output output = run_program({"run", "a.yaml"});
    CHECK(output.status == 2);
    return output.err.substr(0, output.err.find('\n'));
  };
  CHECK(error(profiled("dgx-h200", "{model: profiled}")) ==
        "a.yaml:4:16: error: profiled costs need 'costs.table'");
  CHECK(error(profiled("dgx-h200", "{model: roofline, table: t.yaml}")) ==
        "a.yaml:4:33: error: 'costs.table' is for profiled costs");
  CHECK(error(profiled("dgx-a100", "{model: profiled, table: t.yaml}")) ==
        "a.yaml:4:33: error: 't.yaml' was measured on h200, the cluster's device is a100-80");
  CHECK(error(profiled("dgx-h200", "{model: profiled, table: u.yaml}")) ==
        "a.yaml:4:33: error: 'u.yaml': no such file");
}
