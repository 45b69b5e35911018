#include "scenarios/run/uncertainty.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "command_line.h"
#include "scenarios/run/run.h"

using namespace stagecraft;
using nlohmann::json;

namespace {

std::string measured_scenario() {
  return (shipped_scenarios() / "llama3-8b-h200.yaml").string();
}

BuiltScenario built(const std::vector<std::string>& overrides = {}) {
  return build(read_scenario(measured_scenario(), overrides));
}

Uncertainty of(std::vector<std::int64_t> milliseconds) {
  Uncertainty result;
  for (const std::int64_t ms : milliseconds) result.makespans.push_back(std::chrono::milliseconds(ms));
  return result;
}

}  // namespace

TEST_CASE("samples of the costs scatter around the makespan and depend on the seed alone", "[property]") {
  const BuiltScenario scenario = built();
  const Uncertainty some = uncertainty_of(scenario, 40, 7);
  CHECK(some.samples() == 40);
  CHECK(uncertainty_of(scenario, 40, 7).makespans == some.makespans);
  CHECK(uncertainty_of(scenario, 40, 8).makespans != some.makespans);
  const Uncertainty more = uncertainty_of(scenario, 50, 7);
  CHECK(std::equal(some.makespans.begin(), some.makespans.end(), more.makespans.begin()));
  const Duration middle = run(read_scenario(measured_scenario())).metrics.makespan;
  CHECK(some.quantile(0) < middle);
  CHECK(some.quantile(1) > middle);
}

TEST_CASE("samples replayed side by side equal those simulated one by one", "[property]") {
  // Free links that may be shared are simulated by events, one sample after another.
  const Uncertainty replayed = uncertainty_of(built({"cluster.inter.bandwidth=100 TB/s"}), 20, 1);
  const Uncertainty simulated =
      uncertainty_of(built({"cluster.inter.bandwidth=100 TB/s", "pipeline.shared_links=true"}), 20, 1);
  CHECK(replayed.makespans == simulated.makespans);
}

TEST_CASE("a quantile is a makespan of the samples", "[formula]") {
  const Uncertainty ten = of({10, 9, 8, 7, 6, 5, 4, 3, 2, 1});
  CHECK(ten.quantile(0) == std::chrono::milliseconds(1));
  CHECK(ten.quantile(0.1) == std::chrono::milliseconds(1));
  CHECK(ten.quantile(0.5) == std::chrono::milliseconds(5));
  CHECK(ten.quantile(0.9) == std::chrono::milliseconds(9));
  CHECK(ten.quantile(1) == std::chrono::milliseconds(10));
}

TEST_CASE("the band of a run stands in its reports", "[golden]") {
  const Output text = run_program({"run", measured_scenario(), "--uncertainty", "20"});
  CHECK(text.out.find("\n  Uncertain  ") != std::string::npos);
  const json report = json::parse(
      run_program({"run", measured_scenario(), "--uncertainty", "20", "--seed", "3", "--json", "-"}).out);
  const json band = report["uncertainty"];
  CHECK(band["samples"] == 20);
  CHECK(band["seed"] == 3);
  CHECK(band["makespan_p10_s"] < band["makespan_p50_s"]);
  CHECK(band["makespan_p50_s"] < band["makespan_p90_s"]);
}

TEST_CASE("costs that state no error have no band", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTrained);
  const Output output = run_program({"run", "a.yaml", "--uncertainty", "20"});
  CHECK(output.status == 2);
  CHECK(output.err ==
        "stagecraft: error: '--uncertainty' needs measured costs, which state their error\n"
        "      = give costs.table or costs.calibration; given times are taken as exact, and a datasheet says "
        "nothing "
        "of its error\n");
}

TEST_CASE("numbers of samples and seeds that cannot be are refused", "[error]") {
  const TemporaryFolder folder;
  write_text("a.yaml", kTwoRanks);
  const auto error = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"run", "a.yaml"});
    return run_program(words).err;
  };
  CHECK(error({"--uncertainty", "0"}) ==
        "stagecraft: error: option '--uncertainty' needs a number from 1 to 1000000, got '0'\n"
        "see `stagecraft --help`\n");
  CHECK(error({"--uncertainty", "many"}).find("got 'many'") != std::string::npos);
  CHECK(error({"--seed", "1"}) ==
        "stagecraft: error: option '--seed' is for '--uncertainty': nothing else is drawn at random\n"
        "see `stagecraft --help`\n");
}
