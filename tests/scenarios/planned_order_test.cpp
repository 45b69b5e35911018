#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

/// Qi et al., ICLR 2024, table 9: 6.2B on 8 ranks, 32 micro-batches.
constexpr const char* kPaper =
    "pipeline: {schedule: zb-1p, stages: 8, microbatches: 32}\n"
    "costs: {forward: 29.802 ms, input_gradient: 29.428 ms, weight_gradient: 19.53 ms, transfer: 0.577 ms}\n";

Output run_with(const std::vector<std::string>& overrides) {
  std::vector<std::string> words{"run", "a.yaml", "--json", "-"};
  for (const std::string& assignment : overrides) words.insert(words.end(), {"--set", assignment});
  return run_program(words);
}

json metrics(const std::vector<std::string>& overrides = {}) {
  const Output output = run_with(overrides);
  REQUIRE(output.status == 0);
  return json::parse(output.out)["metrics"];
}

}  // namespace

// Table 5: 0.1045 and 0.0022.
TEST_CASE("zb-1p and zb-2p have the paper's bubble rates or better", "[formula]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kPaper);
  CHECK(metrics()["bubble_over_span"].get<double>() == Approx(0.1045).margin(0.00005));
  CHECK(metrics({"pipeline.schedule=zb-2p"})["bubble_over_span"].get<double>() < 0.00225);
}

TEST_CASE("zb-auto keeps the limit of activations, and more of them never make the span longer",
          "[property]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kPaper);
  for (const std::string chunks : {"1", "2"}) {
    double last = 1e9;
    for (int limit : {4, 8, 12, 16}) {
      const json m = metrics({"pipeline.schedule=zb-auto", "pipeline.chunks=" + chunks,
                              "pipeline.activation_limit=" + std::to_string(limit), "costs.activation=2 GiB",
                              "costs.weight_gradient_activation=1 GiB"});
      CAPTURE(chunks, limit);
      CHECK(m["peak_memory_bytes"].get<std::int64_t>() <= limit * (std::int64_t{2} << 30));
      CHECK(m["span_s"].get<double>() <= last);
      last = m["span_s"].get<double>();
    }
  }
}

TEST_CASE("zb-auto keeps the memory of a device", "[property]") {
  const TemporaryFolder folder;
  write_text("a.yaml", std::string(kTrained) + "pipeline: {schedule: zb-auto, memory_limit: 40 GiB}\n");
  const json limited = metrics();
  CHECK(limited["peak_memory_bytes"].get<std::int64_t>() <= std::int64_t{40} << 30);
  const json device = metrics({"pipeline.memory_limit=80 GiB"});
  CHECK(device["peak_memory_bytes"].get<std::int64_t>() > std::int64_t{40} << 30);
  CHECK(device["span_s"].get<double>() < limited["span_s"].get<double>());
}

TEST_CASE("limits that the schedule does not read, or that hold no micro-batch, are refused", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kPaper);
  CHECK(run_with({"pipeline.activation_limit=3"}).err ==
        "--set pipeline.activation_limit=3: 'pipeline.activation_limit' is for schedule zb-auto, but this "
        "scenario "
        "has zb-1p\n");
  CHECK(
      run_with({"pipeline.schedule=zb-auto", "pipeline.activation_limit=3", "pipeline.memory_limit=1 GiB"})
          .err ==
      "--set pipeline.memory_limit=1 GiB: 'pipeline.memory_limit' and 'pipeline.activation_limit' both limit "
      "activations; leave one out\n");
  CHECK(run_with({"pipeline.schedule=zb-auto", "pipeline.memory_limit=1 GiB"}).err ==
        "--set pipeline.memory_limit=1 GiB: 'pipeline.memory_limit' needs the bytes of activations: give "
        "'costs.activation', or limit 'pipeline.activation_limit' micro-batches\n");
  const Output small = run_with({"pipeline.schedule=zb-auto", "pipeline.memory_limit=100 B",
                                 "costs.activation=64 B", "costs.state=40 B"});
  CHECK(small.status == 2);
  CHECK(small.err ==
        "--set pipeline.memory_limit=100 B: rank 0 needs 104 bytes for one micro-batch, 64 of them for "
        "activations, "
        "more than 'pipeline.memory_limit'\n");
}
