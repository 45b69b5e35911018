// Feeds bytes through the whole front door: text -> scenario -> problem -> timeline. Every input must end in
// a result or an InputError. Build with clang and -DSTAGECRAFT_FUZZ=ON; run `fuzz_scenario CORPUS_FOLDER`.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/error.h"
#include "scenarios/run/run.h"

namespace {

/// Inputs that ask for long simulations find nothing that short ones do not.
constexpr std::int64_t kMostOps = 100'000;

std::int64_t value_or(const std::optional<int>& value, int otherwise) {
  return value.value_or(otherwise);
}

/// An upper bound of what the generators will be asked for.
bool is_small(const stagecraft::Scenario& scenario) {
  const std::int64_t ranks =
      value_or(scenario.model ? scenario.parallel.pipeline : scenario.pipeline.stages, 1);
  const std::int64_t chunks = value_or(scenario.pipeline.chunks, 1);
  const std::int64_t microbatches =
      scenario.batch ? scenario.batch->global : value_or(scenario.pipeline.microbatches, 1);
  if (ranks * chunks > kMostOps || microbatches > kMostOps) return false;
  return 3 * ranks * chunks * microbatches <= kMostOps;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const stagecraft::ReadScenario read = stagecraft::parse_scenario(text, "fuzz.yaml");
    // No files but the input: a fuzzer must not read what it happens to name.
    if (read.scenario.pipeline.csv || (read.scenario.model && read.scenario.model->hf_config)) return 0;
    if (!is_small(read.scenario)) return 0;
    const stagecraft::RunResult result = stagecraft::run(read, {.transfers = true, .counters = true});
    if (result.metrics.makespan < stagecraft::Duration{0}) std::abort();
    if (result.metrics.ideal > result.metrics.makespan) std::abort();
  } catch (const stagecraft::InputError&) {
  }
  return 0;
}
