// README's table of errors, row by row: what it claims must hold.
#include <catch2/catch.hpp>

#include "tests/fidelity/measured_steps.h"

using namespace stagecraft;

namespace {

std::vector<PublishedStep> where(const std::vector<PublishedStep>& steps, bool pipelined) {
  std::vector<PublishedStep> kept;
  for (const PublishedStep& step : steps)
    if ((step.pipeline() > 1) == pipelined) kept.push_back(step);
  return kept;
}

}  // namespace

TEST_CASE("simulated steps of the papers are as far from the published ones as README says", "[oracle]") {
  const auto steps = published_steps(STAGECRAFT_SOURCE_DIR "/scenarios/papers");
  const Errors sc21 = errors_of(labelled(steps, "SC'21"));
  CHECK(sc21.rows == 10);
  CHECK(sc21.mean < 0.042);
  CHECK(sc21.worst < 0.094);
  const Errors sequence = errors_of(labelled(steps, "Sequence-parallel"));
  CHECK(sequence.rows == 8);
  CHECK(sequence.mean < 0.021);
  CHECK(sequence.worst < 0.044);
}

TEST_CASE("simulated steps are as far from vTrain's measured ones as README says", "[oracle]") {
  if (data_folder().empty()) {
    WARN("skipped: STAGECRAFT_DATA is not set");
    return;
  }
  const auto one = vtrain_one_node();
  CHECK(errors_of(where(one, false)).mean < 0.075);
  CHECK(errors_of(where(one, true)).mean < 0.065);
  CHECK(errors_of(vtrain_several_nodes()).mean < 0.085);
}
