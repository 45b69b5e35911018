// How far simulated training steps are from measured ones, through the whole program: every row is a scenario
// that is read, built and simulated. Prints Markdown.
//
//   stagecraft_fidelity [FOLDER]    FOLDER: scenarios with published step times (default scenarios/papers)
//
// Where STAGECRAFT_DATA names the folder of measured rows, vTrain's A100 steps (Bang et al., MICRO 2024)
// follow.
#include <fmt/format.h>

#include <iostream>

#include "tests/fidelity/measured_steps.h"

namespace stagecraft {
namespace {

void print_rows(const std::vector<PublishedStep>& steps) {
  fmt::print("| step | published s | simulated s | error |\n|---|---|---|---|\n");
  for (const PublishedStep& step : steps) {
    const double seconds = simulated_seconds(step);
    fmt::print("| {} | {:.2f} | {:.2f} | {:+.1f} % |\n", step.label, step.seconds, seconds,
               100 * (seconds / step.seconds - 1));
  }
  fmt::print("\n");
}

void print_errors(std::string_view name, const std::vector<PublishedStep>& steps) {
  if (steps.empty()) return;
  const Errors e = errors_of(steps);
  fmt::print("| {} | {} | {:.1f} % | {:.1f} % | {:.1f} % | {:+.1f} % |\n", name, e.rows, 100 * e.mean,
             100 * e.median, 100 * e.worst, 100 * e.bias);
}

void print_vtrain() {
  if (data_folder().empty()) {
    std::cerr << "STAGECRAFT_DATA is not set: vTrain's rows are left out\n";
    return;
  }
  const std::vector<PublishedStep> one = vtrain_one_node();
  print_errors("vTrain, one node, all", one);
  for (const char* part : {"p=1 ", "p=2 ", "p=4 ", "t=1 ", "t=2 ", "t=4 ", "t=8 "})
    print_errors(fmt::format("vTrain, one node, {}", part), labelled(one, part));
  print_errors("vTrain, 64 to 512 GPUs", vtrain_several_nodes());
}

void print_all(const std::filesystem::path& folder) {
  const std::vector<PublishedStep> published = published_steps(folder);
  print_rows(published);
  fmt::print("| steps | rows | mean error | median | worst | bias |\n|---|---|---|---|---|---|\n");
  print_errors("Megatron-LM SC'21, table 1", labelled(published, "SC'21"));
  print_errors("sequence-parallel paper, table 5", labelled(published, "Sequence-parallel"));
  print_vtrain();
}

}  // namespace
}  // namespace stagecraft

int main(int argc, char** argv) {
  try {
    stagecraft::print_all(argc > 1 ? argv[1] : "scenarios/papers");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
