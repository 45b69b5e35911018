#include "scenarios/run/calibrate.h"

#include <catch2/catch.hpp>

#include "command_line.h"

using namespace stagecraft;

namespace {

/// Steps of `settings` and seconds over a small model; the first line names the keys.
std::vector<MeasuredStep> steps(const std::string& csv) {
  const TemporaryFolder folder;
  write_text("base.yaml",
             "model: {transformer: {layers: 8, hidden: 512, heads: 8, vocabulary: 51200, sequence: 512}}\n"
             "cluster: {preset: dgx-a100}\n"
             "batch: {global: 8}\n");
  write_text("steps.csv", csv);
  return read_steps("steps.csv", "base.yaml");
}

/// Two jobs on four and on two devices, and a step that is alone.
const char* kJobs =
    "parallel.tensor,parallel.data,parallel.pipeline,step_s\n"
    "4,1,1,1.00\n"
    "2,2,1,1.02\n"
    "1,4,1,1.30\n"
    "2,1,1,2.00\n"
    "1,2,1,2.20\n"
    "8,1,1,0.50\n";

}  // namespace

TEST_CASE("errors are relative to what was measured", "[formula]") {
  const std::vector<double> simulated{1.1, 1.6, 3.0, 4.0, 3.0};
  const std::vector<double> measured{1.0, 2.0, 3.0, 4.0, 2.0};
  const StepErrors e = errors_of(simulated, measured);  // +10 %, -20 %, 0, 0, +50 %
  CHECK(e.steps == 5);
  CHECK(e.mean == Approx(0.16));
  CHECK(e.median == Approx(0.1));
  CHECK(e.p90 == Approx(0.38));  // 0.6 of the way from 20 to 50 %
  CHECK(e.worst == Approx(0.5));
  CHECK(e.bias == Approx(0.08));
  CHECK(errors_of({}, {}).steps == 0);
}

TEST_CASE("the quality of a choice is that of each job's fastest simulated step", "[formula]") {
  // The first job picks 1.02 s instead of 1.00 s, of its pairs one of three is in order; the second picks
  // right.
  const ChoiceQuality q = choice_quality(steps(kJobs), std::vector{1.2, 1.0, 1.1, 5.0, 6.0, 9.0});
  CHECK(q.groups == 2);
  CHECK(q.fastest_picked == Approx(0.5));
  CHECK(q.within_3_percent == Approx(1));
  CHECK(q.mean_regret == Approx(0.01));
  CHECK(q.worst_regret == Approx(0.02));
  CHECK(q.ordered_pairs == Approx(2.0 / 4));
}

TEST_CASE("a choice of slower steps counts its regret", "[formula]") {
  const ChoiceQuality q = choice_quality(steps(kJobs), std::vector{3.0, 2.0, 1.0, 6.0, 5.0, 9.0});
  CHECK(q.fastest_picked == 0);
  CHECK(q.within_3_percent == 0);
  CHECK(q.mean_regret == Approx((0.3 + 0.1) / 2));
  CHECK(q.worst_regret == Approx(0.3));
  CHECK(q.ordered_pairs == 0);
}

TEST_CASE("of two steps measured alike either is the fastest", "[formula]") {
  const auto alike = steps(
      "parallel.tensor,parallel.data,step_s\n"
      "2,1,1\n"
      "1,2,1\n");
  for (const std::vector<double>& simulated : {std::vector{1.0, 2.0}, std::vector{2.0, 1.0}})
    CHECK(choice_quality(alike, simulated).fastest_picked == 1);
}

TEST_CASE("steps of different jobs are no choice", "[formula]") {
  const auto apart = steps(
      "model.transformer.vocabulary,batch.global,parallel.tensor,step_s\n"
      "51200,8,1,1\n"
      "51200,16,1,1\n"
      "32000,8,1,1\n"
      "51200,8,2,1\n");
  const ChoiceQuality q = choice_quality(apart, std::vector{1.0, 1.0, 1.0, 1.0});
  CHECK(q.groups == 0);
  CHECK(q.fastest_picked == 0);
  CHECK(q.ordered_pairs == 0);
}

TEST_CASE("constants on which no step depends stay as they were", "[property]") {
  const auto one_device = steps(
      "model.transformer.layers,batch.micro,step_s\n"
      "4,1,0.30\n"
      "8,1,0.50\n"
      "4,4,0.12\n"
      "8,4,0.20\n");
  RooflineConstants start;
  start.rank_spread = Duration{0};
  start.collectives.intra_efficiency = 0.123;
  start.host_launch = Duration{0};  // below what a fit takes
  const CalibrationFit fit = calibrate(one_device, start, FitConstants::Yes);
  CHECK(fit.calibration.roofline.rank_spread == Duration{0});
  CHECK(fit.calibration.roofline.collectives.intra_efficiency == 0.123);
  CHECK(fit.calibration.roofline.host_launch > Duration{10'000});
  CHECK(fit.calibration.layers.size() == 2);
  CHECK(calibrate(one_device, start, FitConstants::Yes).calibration == fit.calibration);
}

TEST_CASE("kept constants are those at the start and progress ends at all of it", "[property]") {
  const auto measured = steps("model.transformer.layers,step_s\n4,0.3\n8,0.5\n");
  RooflineConstants start;
  start.host_launch = Duration{12'345};
  double last = 0;
  const CalibrationFit fit =
      calibrate(measured, start, FitConstants::Keep, [&](double share) { last = share; });
  CHECK(fit.calibration.roofline == start);
  CHECK(last == 1);
  // Two unknowns, two steps: both are met, but for the noise that the factors allow for.
  const LayerFactors factors(fit.calibration);
  for (const MeasuredStep& step : measured)
    CHECK(simulated_seconds(step.built, start, &factors) == Approx(step.seconds).epsilon(0.01));
  CHECK(fit.calibration.held_out_error == 0);
}

TEST_CASE("a shape with one number of layers has one factor", "[formula]") {
  const auto measured = steps("batch.micro,step_s\n1,1\n1,1.2\n");
  const CalibrationFit fit = calibrate(measured, {}, FitConstants::Keep);
  REQUIRE(fit.calibration.layers.size() == 1);
  CHECK_FALSE(fit.calibration.layers[0].ends.has_value());
  CHECK(fit.calibration.layers[0].steps == 2);
}

TEST_CASE("factors stay within what a calibration can hold", "[property]") {
  const auto measured = steps("model.transformer.layers,step_s\n4,1e-2\n8,1e1\n");
  const LayerFactor layer = calibrate(measured, {}, FitConstants::Keep).calibration.layers[0];
  REQUIRE(layer.ends.has_value());
  for (const double factor : {layer.factor, *layer.ends}) {
    CHECK(factor >= 0.05);
    CHECK(factor <= 20);
  }
}

TEST_CASE("what a fit leaves at a bound is named", "[golden]") {
  using Texts = std::vector<std::string>;
  const auto slow = steps("batch.micro,step_s\n1,100\n1,120\n2,0.1\n");
  CHECK(calibrate(slow, {}, FitConstants::Keep).at_bounds ==
        Texts{"factor of hidden 512, heads 8, sequence 512, tensor 1, micro_batch 1 at 20, its upper bound"});
  const auto fast = steps("batch.micro,step_s\n1,0.001\n1,0.0011\n");
  const CalibrationFit fit = calibrate(fast, {}, FitConstants::Yes);
  REQUIRE_FALSE(fit.at_bounds.empty());
  CHECK(fit.at_bounds[0] == "attention_efficiency at 1, its upper bound");
  CHECK(calibrate(steps("batch.micro,step_s\n1,0.3\n"), {}, FitConstants::Keep).at_bounds.empty());
}

TEST_CASE("steps that cannot tell the ends from the layers leave them as the roofline has them",
          "[property]") {
  // The second step weighs nothing beside the first.
  const auto measured = steps("model.transformer.layers,step_s\n4,1e-5\n8,8e4\n");
  CHECK_FALSE(calibrate(measured, {}, FitConstants::Keep).calibration.layers[0].ends.has_value());
}
