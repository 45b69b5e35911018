// What README says of calibrations: through the program where a scenario names one, and fitted anew to
// vTrain's steps without a pipeline.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "scenarios/run/calibrate.h"
#include "tests/fidelity/measured_steps.h"

using namespace stagecraft;

namespace {

namespace fs = std::filesystem;

bool lacks_data() {
  if (!data_folder().empty()) return false;
  WARN("skipped: STAGECRAFT_DATA is not set");
  return true;
}

/// vTrain's one-node steps as a user would read them: by the script, in the scenario that ships.
std::vector<MeasuredStep> one_node_steps() {
  const fs::path csv =
      fs::temp_directory_path() / fmt::format("stagecraft-steps-{}.csv", std::random_device{}());
  const std::string command =
      fmt::format("'{}/scripts/vtrain_steps' '{}' >'{}'", STAGECRAFT_SOURCE_DIR,
                  (data_folder() / "measured" / "vtrain_a100_single.csv").string(), csv.string());
  REQUIRE(std::system(command.c_str()) == 0);
  auto steps = read_steps(csv.string(), STAGECRAFT_SOURCE_DIR "/scenarios/vtrain-a100.yaml");
  fs::remove(csv);
  return steps;
}

template <typename Keep>
std::vector<MeasuredStep> where(const std::vector<MeasuredStep>& steps, Keep keep) {
  std::vector<MeasuredStep> kept;
  std::ranges::copy_if(steps, std::back_inserter(kept), keep);
  return kept;
}

double mean_error(const std::vector<MeasuredStep>& steps, const Calibration& calibration) {
  std::vector<double> measured;
  for (const MeasuredStep& step : steps) measured.push_back(step.seconds);
  return errors_of(simulated_seconds(steps, calibration), measured).mean;
}

}  // namespace

TEST_CASE("the calibration that ships predicts vTrain's pipelined steps through the program", "[oracle]") {
  if (lacks_data()) return;
  std::vector<PublishedStep> pipelined;
  for (PublishedStep& step : vtrain_one_node()) {
    if (step.pipeline() == 1) continue;
    step.read.scenario.costs.calibration = STAGECRAFT_SOURCE_DIR "/profiles/a100-vtrain.yaml";
    pipelined.push_back(std::move(step));
  }
  CHECK(pipelined.size() == 355);
  CHECK(errors_of(pipelined).mean < 0.042);
}

TEST_CASE("steps without a pipeline or eight-way tensor parallelism predict both", "[oracle]") {
  if (lacks_data()) return;
#ifdef __SANITIZE_ADDRESS__
  // 500,000 simulations take minutes there; the fit itself is run on fewer steps by the tests of `fit
  // --steps`.
  WARN("skipped: under sanitizers");
  return;
#endif
  const std::vector<MeasuredStep> all = one_node_steps();
  REQUIRE(all.size() == 720);
  const auto eight_way = [](const MeasuredStep& step) { return step.shape().tensor == 8; };
  const auto pipelined = where(all, [](const MeasuredStep& step) { return step.pipeline() > 1; });
  const auto held_out = where(all, eight_way);
  const auto fitted =
      where(all, [&](const MeasuredStep& step) { return step.pipeline() == 1 && !eight_way(step); });
  REQUIRE(held_out.size() == 38);
  REQUIRE(fitted.size() == 327);

  const Calibration c = calibrate(fitted, fitted[0].built.roofline, FitConstants::Yes).calibration;
  CHECK(mean_error(fitted, c) < 0.005);
  CHECK(mean_error(held_out, c) < 0.12);
  CHECK(mean_error(pipelined, c) < 0.041);
  const ChoiceQuality quality = choice_quality(all, simulated_seconds(all, c));
  CHECK(quality.groups == 120);
  CHECK(quality.fastest_picked >= 0.98);
}

TEST_CASE("layer factors alone choose among vTrain's strategies", "[oracle]") {
  if (lacks_data()) return;
  const std::vector<MeasuredStep> all = one_node_steps();
  const auto fitted = where(all, [](const MeasuredStep& step) { return step.pipeline() == 1; });
  const Calibration c = calibrate(fitted, fitted[0].built.roofline, FitConstants::Keep).calibration;
  CHECK(choice_quality(all, simulated_seconds(all, c)).fastest_picked >= 0.98);
}
